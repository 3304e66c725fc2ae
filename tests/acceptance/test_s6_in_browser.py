"""S6 as people live it: from a damaged serial to the purchaser over three real nodes, by nothing but their pages.

An officer records and asks, an authorising person reads what leaves and releases it, a custodian's clerk chooses on a
telephone, the analyst writes down what a dealer says, and the officer reads the answer and has the browser prove that
it passed. Everyone comes by a one-time link and goes on by links, buttons and fields alone; every page they see is
checked (`story.py`).
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from contraparte.node import demo_acts
from contraparte.node.demo_cast import CENTRE
from contraparte.node.world.recoveries import Event, Recovery
from tests.acceptance import audit
from tests.acceptance.story import OpenContext, Story, patient_contexts
from tests.acceptance.trio import Databases, Trio, wait_until
from tests.browser.ways import Finger, Keyboard, Mouse, Way

pytestmark = pytest.mark.timeout(900)

SEED = 31
# Serials that only a person of the custodian may decide on, and a clean one whose dealer has no system.
DAMAGED = ("unread", "one_of", "run_lost")
BY_TELEPHONE = "by telephone"
REASON = "no es necesario para el rastreo"
ORIGIN = "mx.fge-son/us.ntc/2026"

# What must stand on the pages, as people read it.
WORDS: dict[str, tuple[str, str]] = {
    "traces": ("Traces", "Rastreos"),
    "desk": ("Desk", "Escritorio"),
    "log": ("Log", "Bitácora"),
    "record": ("Record a recovery", "Registrar una recuperación"),
    "centre": ("Tracing desk", "Mesa de rastreo"),
    "case": ("Case number or carpeta", "Número de caso o carpeta"),
    "offence": ("Offence", "Delito"),
    "save": ("Save and enter the guns", "Guardar y anotar las armas"),
    "guns": ("Guns, as typed", "Armas, como se escribieron"),
    "next gun": ("Next gun", "Siguiente arma"),
    "read as": ("Read as", "Se lee como"),
    "by a person": ("unread characters are compared by a person", "una persona compara los caracteres no leídos"),
    "of 100": ("of 100", "de 100"),
    "ready": ("ready to be sent", "lista para enviarse"),
    "draft": ("Draft 1 request", "Preparar 1 solicitud"),
    "drafts": ("Draft 2 requests", "Preparar 2 solicitudes"),
    "drafted": ("Requests drafted:", "Solicitudes preparadas:"),
    "preview": ("Preview and release", "Revisar y autorizar envío"),
    "leaves": ("Leaves", "Sale"),
    "stays": ("Stays here", "Se queda aquí"),
    "sees": ("Who will see it", "Quién lo verá"),
    "copy": ("Copy to", "Copia para"),
    "needed": ("still needed:", "falta:"),
    "ask": ("Ask for approval", "Pedir aprobación"),
    "waits": ("waits for approval", "espera aprobación"),
    "decide": ("Read and decide", "Leer y decidir"),
    "kept": ("The field stays at home.", "El campo se queda aquí."),
    "approve": ("Approve exactly this", "Aprobar exactamente esto"),
    "may leave": ("may leave", "puede salir"),
    "release": ("Release", "Autorizar envío"),
    "request": ("Trace request", "Solicitud de rastreo"),
    "under way": ("being walked", "en recorrido"),
    "questions": ("Questions to our book", "Preguntas a nuestro registro"),
    "question": ("Where did this gun go?", "¿A dónde fue esta arma?"),
    "which": ("Which gun of our book is it?", "¿Cuál arma de nuestro registro es?"),
    "none": ("None of these, because:", "Ninguna de estas, porque:"),
    "send": ("Send the answer", "Enviar la respuesta"),
    "no question": ("No question waits for a person.", "Ninguna pregunta espera a una persona."),
    "enter": ("Enter the answer", "Registrar la respuesta"),
    "ask about": ("Ask about this gun", "Pregunte por esta arma"),
    "who answered": ("Who answered", "Quién respondió"),
    "telephone": ("by telephone", "por teléfono"),
    "answered": ("Answered", "Respondidos"),
    "found": ("Purchaser identified", "Comprador/a identificado/a"),
    "sentence": (
        "The first retail sale and its purchaser were found.",
        "Se encontró la primera venta al público y quién compró.",
    ),
    "next": ("Use the lead under its marking.", "Use el indicio conforme a sus condiciones de uso."),
    "marking": ("only for firearms tracing", "solo para rastreo de armas de fuego"),
    "sale": ("retail sale", "venta al público"),
    "time": ("Time to crime", "Tiempo entre venta y recuperación"),
    "days": ("{} days", "{} días"),
    "first sale": ("First retail sale", "Primera venta al público"),
    "last sale": ("Last retail sale", "Última venta al público"),
    "purchaser": ("Purchaser", "Comprador/a"),
    "form": ("Form", "Formulario"),
    "passed": ("What passed", "Lo que pasó"),
    "result": ("Trace result", "Resultado del rastreo"),
    "thread": ("Open the conversation", "Abrir la conversación"),
    "logged": ("logged", "asentado"),
    "delivered": ("delivered", "entregado"),
    "opened": ("opened", "abierto"),
    "cosigned": ("cosigned", "con cofirma"),
    "our log": ("Our log", "Nuestra bitácora"),
    "their log": ("Their log, as mirrored here", "Su bitácora, replicada aquí"),
    "entries": ("Entries and proofs", "Entradas y pruebas"),
    "of the log": ("Entries of the log", "Entradas de la bitácora"),
    "accepted": ("Message accepted", "Mensaje aceptado"),
    "go to": ("Go to", "Ir"),
    "level": ("cosigned by the other side", "con cofirma de la otra parte"),
    "proven": ("Your browser: the same, computed by itself.", "Su navegador: lo mismo, calculado por sí solo."),
    "signed": ("Your browser: signature holds –", "Su navegador: firma válida –"),
}
ANSWER = (
    "found", "sentence", "next", "marking", "time", "first sale", "last sale", "purchaser", "form", "passed", "result",
)  # fmt: skip


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Trio]:
    """Nodes with their people and books; nothing is recorded and no person plays by itself."""
    trio = Trio.of(tmp_path_factory.mktemp("s6-browser") / "demo", SEED, databases)
    try:
        demo_acts.found_nodes(trio.demo, trio.cast)
        demo_acts.fill_books(trio.demo, trio.world.write_books(trio.demo.root / "books"))
        trio.demo.everywhere(lambda node: node.start("worker"))
        yield trio
    finally:
        trio.stop()


def recovery(trio: Trio, damage: str) -> Recovery:
    """A gun of this world that leads to a purchaser, its serial damaged like this, or with a dealer to be called."""
    for one in trio.world.recoveries:
        truth = trio.world.truth(one)
        if truth.code == "purchaser_identified" and damage == (BY_TELEPHONE if truth.assisted else one.damage):
            return one
    raise LookupError(damage)


@dataclass
class TraceStory(Story):
    """One event with its guns."""

    WORDS = WORDS
    guns: list[Recovery] = field(default_factory=list)
    references: list[str] = field(default_factory=list)

    @property
    def event(self) -> Event:
        """Where the guns were found."""
        return self.guns[0].event

    # --- the officer records and asks ---

    def record(self, page: Page) -> None:
        """The event and its guns, row by row."""
        self.look(page, "traces", "traces", "record")
        self.follow(self.link(page, "record"))
        event = self.event
        self.way.write(page.locator("#id_case_number"), event.case)
        self.way.pick_day(page.locator("#id_recovered_on"), event.recovered_on)
        self.way.write(page.locator("#id_place"), event.place)
        self.way.write(page.locator("#id_region"), "MX-SON")
        self.way.write(page.locator("#id_requester_code"), "MXSON0001")
        self.way.write(page.locator("#id_crime_code"), event.crime_code)
        self.way.pick(page.locator("#id_counterpart"), CENTRE)
        expect(page.locator("#id_counterpart option:checked")).to_contain_text(self.words["centre"])
        self.way.pick(page.locator("#id_priority"), "urgent" if event.is_urgent else "routine")
        if event.is_urgent:
            self.way.write(page.locator("#id_urgent_reason"), event.urgent_reason)
        self.look(page, "recovery", "record", "case", "offence", "save")
        self.follow(self.button(page, "save"))
        for place, gun in enumerate(self.guns):
            self.type_row(page, place, gun)
        self.look(page, "rows", "guns", "read as", "of 100", "ready", "next gun")

    def type_row(self, page: Page, place: int, gun: Recovery) -> None:
        """One gun: how its serial is read shows while it is typed, how complete it is once it is saved."""
        row, typed = page.locator(".tr-row").nth(place), gun.typed
        self.way.write(row.locator("input[name=serial]"), typed["serial"])
        reading = row.locator(".tr-reading")
        expect(reading).to_contain_text(self.words["read as"])
        is_damaged = gun.damage in DAMAGED
        expect(reading.locator(".tr-reading__text")).to_have_text(
            typed["serial"] if is_damaged else re.sub("[^A-Z0-9]", "", typed["serial"].upper())
        )
        expect(reading).to_contain_text(self.words["by a person"] if is_damaged else "")
        for name in ("maker", "model", "type", "calibre", "country"):
            self.way.write(row.locator(f"input[name={name}]"), typed[name])
        if typed["importer"]:
            self.way.press(row.locator("summary"))
            self.way.write(row.locator("input[name=importer]"), typed["importer"])
        expect(row.locator(".cp-tag--proven")).to_have_text(self.words["ready"])
        expect(row.locator(".tr-meter")).to_contain_text(self.words["of 100"])
        expect(page.locator(".tr-row")).to_have_count(place + 2)
        expect(page.locator(".htmx-request")).to_have_count(0)

    def ask(self, page: Page) -> None:
        """Draft the requests, see what would leave, and ask for approval: the drafter cannot give it."""
        self.follow(self.button(page, "draft" if len(self.guns) == 1 else "drafts"))
        self.look(page, "drafted", "drafted")
        self.references = page.locator(".tr-row .tr-ref").all_inner_texts()
        assert len(self.references) == len(self.guns)
        for place, gun in enumerate(self.guns):
            for name, text in gun.typed.items():
                expect(page.locator(".tr-row").nth(place).locator(f"input[name={name}]")).to_have_value(text)
        for reference in self.references:
            self.go(page, "traces")
            self.look(page, "traces-open", "traces", "record")
            self.follow(self.link(page, reference))
            self.look(page, "trace-drafted", "preview")
            self.follow(self.link(page, "preview"))
            self.look(page, "release-drafter", "leaves", "stays", "sees", "copy", "needed")
            expect(self.button(page, "approve")).to_have_count(0)
            self.follow(self.button(page, "ask"))
            self.look(page, "asked", "waits")

    # --- the authorising person releases ---

    def release(self, page: Page) -> None:
        """What is on the desk is read, one field kept at home, and exactly the rest approved and released."""
        for reference in self.references:
            self.go(page, "desk")
            self.look(page, "desk", "decide")
            self.follow(page.get_by_role("link", name=re.compile(f"{self.words['decide']}.*{reference}")))
            self.look(page, "release", "leaves", "stays", "sees", "copy", "request", "needed")
            leaves, stays = page.locator(".cp-release__leaves").first, page.locator(".cp-release__stays").first
            for told in (reference, self.event.place, self.event.case, self.event.crime_code):
                expect(leaves).to_contain_text(told)
            self.keep_at_home(page, "/recovery/crime_code")
            expect(stays).to_contain_text(self.event.crime_code)
            expect(leaves).not_to_contain_text(self.event.crime_code)
            expect(self.button(page, "release")).to_have_count(0)
            self.follow(self.button(page, "approve"))
            expect(page.locator(".cp-lead")).to_contain_text(self.words["may leave"])
            self.look(page, "approved", "release")
            self.follow(self.button(page, "release"))
            self.look(page, "released", "request", "logged", "cosigned", "delivered")

    def keep_at_home(self, page: Page, pointer: str) -> None:
        place = page.locator(".cp-keep").filter(has=page.locator(f'input[value="{pointer}"]'))
        self.way.press(place.locator("summary"))
        self.way.write(place.locator("textarea"), REASON)
        self.follow(place.get_by_role("button"))
        self.look(page, "kept", "kept")

    def watch(self, page: Page) -> None:
        """Until a person of the custodian has decided, the officer sees that the request is under way."""
        self.go(page, "traces")
        self.follow(self.link(page, self.references[0]))
        self.await_on(page, page.locator(".tr-steps .is-now").filter(has_text=self.words["under way"]))
        self.look(page, "trace-under-way", "under way", "passed", "request")

    # --- the persons the walk waits for ---

    def true_serial(self, gun: Recovery) -> str:
        """The serial that the maker stamped, as its book writes it."""
        source = self.trio.world.sources[gun.number]
        assert source.lot is not None
        return self.trio.world.guns(source.lot)[source.place].serial

    def confirm(self, page: Page, gun: Recovery) -> None:
        """A custodian's clerk sees the gun and never the case, and chooses the one of its own book."""
        serial = self.true_serial(gun)
        asked = self.await_on(page, page.locator(".cp-hits a"))
        self.look(page, "questions", "questions")
        self.follow(asked)
        self.look(page, "question", "question", "which", "none", "send")
        whole = page.content()
        for secret in (self.event.case, self.event.place, "mx.fge-son", *self.references):
            assert secret not in whole, f"a custodian sees {secret}"
        label = page.locator(".tr-candidate label").filter(has=page.get_by_text(serial, exact=True))
        self.way.tick(page.locator(f"#{label.get_attribute('for')}"))
        self.look(page, "chosen", "which")
        self.follow(self.button(page, "send"))
        self.look(page, "no-question", "questions", "no question")

    def telephone(self, page: Page, gun: Recovery) -> None:
        """The analyst calls a dealer who has only paper, and enters what the dealer reads out."""
        truth = self.trio.world.truth(gun)
        (licence,) = truth.assisted
        sold_on, form, name = read_paper(self.trio.papers / f"{licence}.csv", gun)
        self.look(page, "traces-of-centre", "traces")
        expect(self.link(page, "record")).to_have_count(0)
        self.go(page, "desk")
        self.await_on(page, self.link(page, "enter"))
        told = " ".join(page.locator("section[aria-labelledby=h-todo] td a:not(.usa-button)").all_inner_texts())
        walks = re.findall(r"W-\d\d-\d+", told)
        assert len(walks) == len(set(walks)) > 0, "what is owed and the call it needs are one row"
        self.look(page, "desk-of-centre", "enter")
        self.follow(self.link(page, "enter"))
        self.look(page, "call", "ask about", "who answered")
        self.way.write(page.locator("#id_answered_by"), "Hollis Ordway")
        self.way.write(page.locator("#id_at"), "10:40")
        self.way.pick(page.locator("#id_means"), "telephone")
        self.way.pick(page.locator("#id_answer"), "kind:individual")
        self.way.pick_day(page.locator("#id_disposed_on"), sold_on)
        self.way.write(page.locator("#id_purchaser"), name)
        self.way.write(page.locator("#id_form_number"), form)
        self.look(page, "call-entered", "enter")
        self.follow(self.button(page, "enter"))
        self.look(page, "walk", "telephone", "sale")

    # --- the officer reads the answer and has it proven ---

    def read_answer(self, page: Page, gun: Recovery, reference: str) -> None:
        """Chain, purchaser and days are what the world knows; everything that passed was received."""
        truth = self.trio.world.truth(gun)
        assert truth.first_sold and truth.last_sold
        _, form, name = truth.purchaser.split("; ")
        self.go(page, "traces")
        self.follow(self.link(page, "answered"))
        answered = self.await_on(page, self.link(page, reference))
        self.look(page, "traces-answered", "found")
        found = re.sub("[^A-Z0-9]", "", self.true_serial(gun)) if gun.damage in DAMAGED else ""
        expect(page.locator("tr").filter(has=answered)).to_contain_text(found)
        self.follow(answered)
        expect(page.locator(".tr-result")).to_contain_text(found)
        expect(page.locator(".tr-result")).to_contain_text(gun.typed["serial"] if found else "")
        passed = page.locator(".cp-section tbody tr")
        received = passed.filter(has_text=self.words["logged"]).filter(has_text=self.words["delivered"])
        self.reload_until(page, "every receipt", lambda: received.count() == passed.count() > 0)
        self.look(page, "answer", *ANSWER)
        steps = page.locator(".tr-path li:not(.is-end)")
        firms = self.trio.world.firms
        names = [firms.by_agency(agency).name for agency in truth.chain]
        assert steps.locator(".tr-path__name").all_inner_texts() == names
        called = steps.filter(has_text=self.words["telephone"]).locator(".tr-path__name").all_inner_texts()
        assert called == [firms.by_agency(agency).name for agency in truth.assisted]
        expect(steps.last).to_contain_text(self.words["sale"])
        expect(page.locator(".tr-path .is-end .tr-path__name")).to_have_text(name)
        assert page.locator("dl.cp-pairs dd").filter(has_text=name).count() == 1
        expect(page.locator("dl.cp-pairs dd").filter(has_text=form.removeprefix("4473 "))).to_have_count(1)
        days = (self.event.recovered_on - truth.last_sold).days
        expect(page.locator(".tr-figure dd").first).to_contain_text(self.words["days"].format(days))
        dates = [one.get_attribute("datetime") for one in page.locator(".tr-figure time").all()]
        assert dates == [truth.first_sold.isoformat(), truth.last_sold.isoformat()]
        expect(page.locator(".cp-marking")).to_contain_text(self.words["marking"])

    def prove(self, page: Page) -> None:
        """From the answer to its entry in the log, which the browser proves by itself."""
        self.follow(self.link(page, "thread"))
        answer = page.locator(".cp-note").last
        done = answer.locator(".cp-mark.is-done")
        for mark in ("logged", "cosigned", "delivered", "opened"):
            self.await_on(page, done.filter(has_text=self.words[mark]))
        self.look(page, "thread", "request", "result", "opened")
        number = (answer.get_attribute("id") or "").removeprefix("m-")
        self.go(page, "log")
        self.look(page, "log", "our log", "their log", "entries")
        self.follow(page.get_by_role("link", name=f"{self.words['entries']} {ORIGIN}"))
        self.look(page, "entries", "of the log", "go to", "accepted")
        self.way.write(page.locator("#eq"), number)
        self.follow(self.button(page, "go to"))
        self.await_on(page, page.get_by_text(self.words["level"], exact=True))
        page.wait_for_selector("#verdict[data-done=yes]")
        self.look(page, "proof", "accepted", "proven", "signed")
        expect(page.locator("main")).to_contain_text(number)
        lines = page.locator("#verdict li")
        assert lines.count() == lines.locator(".cp-state--proven").count() >= 3, "the root, our signature, theirs"


def read_paper(book: Path, gun: Recovery) -> tuple[date, str, str]:
    """What a dealer reads out of a paper book under this serial: day of the sale, number of the form, purchaser."""
    with book.open(encoding="utf-8", newline="") as lines:
        (row,) = [row for row in csv.DictReader(lines) if row["serial"] == gun.typed["serial"]]
    _, form, name = row["disposed_to"].split("; ")
    return date.fromisoformat(row["disposed_on"]), form.removeprefix("4473 "), name


@pytest.fixture
def open_context(chromium: Browser) -> Iterator[OpenContext]:
    yield from patient_contexts(chromium)


@pytest.mark.parametrize(
    ("language", "width", "way", "damages"),
    [
        ("en", "desk", Mouse(), ["unread", "lowered"]),
        ("es", "telephone", Finger(), ["one_of"]),
        ("es", "desk", Keyboard(), ["run_lost", BY_TELEPHONE]),
    ],
    ids=["english-by-mouse", "spanish-by-finger", "spanish-by-keyboard"],
)
def test_a_damaged_serial_leads_to_its_purchaser_by_pages_alone(
    trio: Trio,
    open_context: OpenContext,
    language: str,
    width: str,
    way: Way,
    damages: list[str],
) -> None:
    guns = [recovery(trio, damage) for damage in damages]
    story = TraceStory(trio, open_context, language, width, way, guns=guns)
    officer = story.enter("mx", "officer")
    story.record(officer)
    story.ask(officer)
    story.release(story.enter("mx", "authoriser"))
    story.watch(officer)
    for gun in guns:
        truth = trio.world.truth(gun)
        if gun.damage in DAMAGED:
            story.confirm(story.enter("custodians", truth.chain[0].removeprefix("us."), "telephone"), gun)
        if truth.assisted:
            story.telephone(story.enter("us", "analyst"), gun)
    for gun, reference in zip(guns, story.references, strict=True):
        story.read_answer(officer, gun, reference)
    story.prove(officer)
    wait_until("nothing is under way", lambda: demo_acts.is_quiet(trio.progress()))
    assert audit.faults(trio.nodes.values()) == [], "what people did by pages left both sides with the same"
