"""S1 and S2 as people live them: asked, clarified, answered, converted, refused after consultation, recalled, reported.

A prosecutor of Sonora and an attorney abroad work the pages of two real nodes; whoever did not write a message reads
and releases it. Everyone comes by a one-time link and goes on by links, buttons and fields alone; every page they see
is checked (`story.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect

from contraparte.node import demo_acts
from contraparte.node.demo_cast import ABROAD_ASSISTANCE
from tests.acceptance import audit
from tests.acceptance.story import OpenContext, Story, patient_contexts
from tests.acceptance.trio import Databases, Trio, wait_until
from tests.browser.ways import Finger, Mouse

pytestmark = pytest.mark.timeout(900)

SEED = 2
# What must stand on the pages, as people read it.
WORDS: dict[str, tuple[str, str]] = {
    "desk": ("Desk", "Escritorio"),
    "inquiries": ("Inquiries", "Solicitudes de cooperación"),
    "outcomes": ("Outcomes", "Resultados"),
    "ask": ("Ask", "Solicitar"),
    "no text of the law": ("The text of the law is missing.", "Falta el texto de la ley."),
    "ready": ("Draft for release", "Preparar para autorización"),
    "leaves": ("Leaves", "Sale"),
    "ask for approval": ("Ask for approval", "Pedir aprobación"),
    "waits": ("waits for approval", "espera aprobación"),
    "decide": ("Read and decide", "Leer y decidir"),
    "approve": ("Approve exactly this", "Aprobar exactamente esto"),
    "release": ("Release", "Autorizar envío"),
    "received": ("received", "recibida"),
    "letter": ("Letter of request", "Solicitud de asistencia jurídica internacional"),
    "police": ("Police request", "Solicitud policial"),
    "stopped": ("clock stopped", "plazo detenido"),
    "convert": ("Convert to a formal request", "Convertir en solicitud formal"),
    "conversation": ("Open the conversation, with receipts", "Abrir la conversación, con acuses"),
    "item": ("What may be done with it", "Qué se puede hacer con ella"),
    "recall": ("Recall this item", "Retirar esta información"),
    "recall all": ("Recall it from everybody", "Retirarla de todos los destinos"),
    "report": ("Report an outcome", "Reportar un resultado"),
    "send report": ("Report", "Reportar"),
    "confirm": ("Confirm", "Confirmar"),
    "both": ("confirmed by both sides", "confirmado por ambas partes"),
}
# What this story's people type, each in their own language.
TYPED: dict[str, tuple[str, str]] = {
    "facts": ("Ransom was paid into account 4411.", "El rescate se pagó a la cuenta 4411."),
    "purpose": ("Trial of the accused.", "Juicio de la persona acusada."),
    "statute": ("Article 390: who forces another…", "Artículo 390: a quien sin derecho obligue…"),
    "account": ("Account 4411", "Cuenta 4411"),
    "nexus": ("Where the ransom went.", "A donde fue el rescate."),
    "which": ("Which branch?", "¿Qué sucursal?"),
    "branch": ("The one at Nogales.", "La de Nogales."),
    "found": ("Three deposits on 8 October.", "Tres depósitos el 8 de octubre."),
    "call": ("A call at 02:10 with proof of life.", "Llamada a las 02:10 con prueba de vida."),
    "line": ("+1 520 555 0142", "+1 520 555 0142"),
    "owner": ("The line belongs to a shop.", "La línea es de una tienda."),
    "obstacle": ("This law protects it.", "Nuestra ley la protege."),
    "need": ("It cannot be narrowed.", "No puede acotarse."),
    "no": ("We cannot give it.", "No podemos darla."),
}


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Trio]:
    """Nodes with their people; nothing is recorded."""
    trio = Trio.of(tmp_path_factory.mktemp("s2-browser") / "demo", SEED, databases)
    try:
        demo_acts.found_nodes(trio.demo, trio.cast)
        trio.demo.everywhere(lambda node: node.start("worker"))
        yield trio
    finally:
        trio.stop()


@pytest.fixture
def open_context(chromium: Browser) -> Iterator[OpenContext]:
    yield from patient_contexts(chromium)


@dataclass
class InquiryStory(Story):
    """Requests between a prosecutor and the authority abroad."""

    WORDS = WORDS
    people: dict[str, Page] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.typed = {name: both[self.language == "es"] for name, both in TYPED.items()}
        for node, username in (("mx", "prosecutor"), ("mx", "director"), ("us", "attorney"), ("us", "chief")):
            self.people[username] = self.enter(node, username)

    # --- what leaves ---

    def press_to(self, page: Page, name: str) -> None:
        self.follow(self.button(page, name))

    def release(self, author: Page, reader: Page) -> None:
        """Who wrote it asks for approval; who did not, reads it on the desk and lets it go."""
        self.look(author, "release-author", "leaves")
        number = author.url.rstrip("/").rpartition("/")[2]
        expect(self.button(author, "approve")).to_have_count(0)
        self.press_to(author, "ask for approval")
        self.look(author, "asked", "waits")
        self.go(reader, "desk")
        self.look(reader, "desk", "decide")
        self.follow(reader.locator(f'a[href$="/release/{number}/"]').filter(has_text=self.words["decide"]))
        self.look(reader, "release", "leaves")
        self.press_to(reader, "approve")
        self.press_to(reader, "release")

    def begin(self, page: Page, family: str) -> None:
        """The form, with what any request says; it asks for what its instrument needs."""
        self.go(page, "inquiries")
        self.look(page, "inquiries", "ask")
        self.follow(page.get_by_role("link", name=self.words["ask"], exact=True))
        self.way.pick(page.locator("#id_instrument"), "police_channel" if family == "police" else "mlat_mx_us_1987")
        expect(page.locator("#id_facts")).to_be_visible()
        self.way.pick(page.locator("#id_counterpart"), ABROAD_ASSISTANCE)
        self.way.write(page.locator("#id_case_number"), f"CI-FGE/{family}/{self.language}")
        self.way.write(page.locator("#id_facts"), self.typed["call" if family == "police" else "facts"])
        self.way.write(page.locator("#id_purpose"), self.typed["purpose"])
        self.way.pick(page.locator("#id_offences-0-code"), "extortion")

    def ask_letter(self) -> str:
        """A letter of request, its gaps named until it is complete; gives the address of its page."""
        page = self.people["prosecutor"]
        self.begin(page, "letter")
        for name, text in {
            "article": "4",
            "requesting_authority": "Fiscalía",
            "competent_authority": "Tribunal 4",
            "translation_hash": "a" * 64,
            "translated_by": "Perita 77",
        }.items():
            self.way.write(page.locator(f"#id_{name}"), text)
        self.way.pick(page.locator("#id_measures-0-code"), "bank_records")
        self.way.write(page.locator("#id_measures-0-object"), self.typed["account"])
        self.way.write(page.locator("#id_measures-0-nexus"), self.typed["nexus"])
        expect(page.locator("#gaps")).to_contain_text(self.words["no text of the law"])
        self.look(page, "form-letter", "no text of the law", "ready")
        self.way.write(page.locator("#id_offences-0-text"), self.typed["statute"])
        expect(page.locator("#gaps")).not_to_contain_text(self.words["no text of the law"])
        return self.send(page)

    def ask_police(self) -> str:
        """A police request about a line; gives the address of its page."""
        page = self.people["prosecutor"]
        self.begin(page, "police")
        self.way.pick(page.locator("#id_measures-0-code"), "telephone_subscriber")
        self.way.write(page.locator("#id_measures-0-object"), self.typed["line"])
        self.way.write(page.locator("#id_measures-0-nexus"), self.typed["call"])
        self.look(page, "form-police", "ready")
        return self.send(page)

    def send(self, page: Page) -> str:
        self.press_to(page, "ready")
        self.release(page, self.people["director"])
        self.go(page, "inquiries")
        self.follow(page.locator("tbody a").first)
        return page.url

    def take_in(self, family: str) -> str:
        """The attorney finds the request among what came in; gives the address of its page."""
        page = self.people["attorney"]
        self.go(page, "inquiries")
        rows = page.locator("tbody tr").filter(has_text=self.words[family]).filter(has_text=self.words["received"])
        found = self.await_on(page, rows.locator("a"))
        self.look(page, "inquiries-in", "inquiries", family)
        self.follow(found)
        return page.url

    def step(self, page: Page, name: str, fields: Mapping[str, str] | None = None, reader: str = "") -> None:
        """Take an open step: by its button, or by its form; what needs another's look gets it."""
        if fields is None:
            form = self.await_on(page, page.locator(f'form[action$="/steps/{name}/"] button'))
            self.follow(form)
            return
        self.follow(self.await_on(page, page.locator(f'a[href$="/steps/{name}/"]')))
        for field_name, value in fields.items():
            target = page.locator(f"#id_{field_name}")
            if target.evaluate("element => element.tagName") == "SELECT":
                self.way.pick(target, value)
            else:
                self.way.write(target, value)
        self.look(page, f"step-{name}")
        self.follow(page.locator("main form.cp-form button[type=submit]"))
        if reader:
            self.release(page, self.people[reader])


@pytest.fixture(
    params=[("en", "desk", Mouse()), ("es", "telephone", Finger())], ids=["english-by-mouse", "spanish-by-finger"]
)
def story(request: pytest.FixtureRequest, trio: Trio, open_context: OpenContext) -> InquiryStory:
    """In one language, at one width."""
    language, width, way = request.param
    return InquiryStory(trio, open_context, language, width, way)


def assert_both_hold_the_same(story: InquiryStory) -> None:
    wait_until("nothing is under way", lambda: demo_acts.is_quiet(story.trio.progress()))
    assert audit.faults(story.trio.nodes.values()) == []


def test_a_letter_is_asked_clarified_answered_used_and_its_outcome_confirmed(story: InquiryStory) -> None:
    prosecutor, attorney, typed = story.people["prosecutor"], story.people["attorney"], story.typed
    ours = story.ask_letter()
    theirs = story.take_in("letter")
    story.step(attorney, "acknowledge")
    story.step(attorney, "clarify", {"text": typed["which"]})
    prosecutor.goto(ours)
    story.step(prosecutor, "clarification", {"text": typed["branch"]}, "director")
    attorney.goto(theirs)
    story.step(attorney, "accept", {}, "chief")
    attorney.goto(theirs)
    story.step(attorney, "answer", {"outcome_1": "done", "result_1": typed["found"]}, "chief")
    prosecutor.goto(ours)
    story.await_on(prosecutor, prosecutor.get_by_text(typed["found"]))
    story.look(prosecutor, "inquiry-answered")
    story.step(prosecutor, "verify")
    story.step(prosecutor, "use", {"used": "yes", "way": "court_file", "text": typed["nexus"]})
    prosecutor.goto(ours)
    story.follow(story.link(prosecutor, "conversation"))
    story.look(prosecutor, "conversation", "letter")
    story.follow(story.link(prosecutor, "report"))
    story.way.press(prosecutor.locator("label[for=id_ours_0]"))
    story.way.press(prosecutor.locator("label[for=id_yours_1]"))
    story.look(prosecutor, "report", "report")
    story.press_to(prosecutor, "send report")
    story.look(prosecutor, "reported")
    story.go(attorney, "outcomes")
    event = story.await_on(attorney, attorney.locator("section[aria-labelledby=h-decide] tbody a"))
    story.look(attorney, "outcomes", "outcomes")
    story.follow(event)
    story.follow(story.link(attorney, "confirm"))
    story.look(attorney, "confirm", "confirm")
    story.press_to(attorney, "confirm")
    story.look(attorney, "confirmed", "both")
    assert_both_hold_the_same(story)


def test_a_lead_is_converted_and_what_it_told_is_recalled(story: InquiryStory) -> None:
    prosecutor, attorney, typed = story.people["prosecutor"], story.people["attorney"], story.typed
    ours = story.ask_police()
    theirs = story.take_in("police")
    story.step(attorney, "answer", {"text": typed["owner"], "outcome_1": "done", "result_1": typed["line"]}, "chief")
    prosecutor.goto(ours)
    story.await_on(prosecutor, prosecutor.get_by_text(typed["owner"]))
    story.look(prosecutor, "inquiry-lead", "convert")
    story.press_to(prosecutor, "convert")
    story.look(prosecutor, "converted")
    expect(prosecutor.locator("#id_facts")).to_have_value(typed["call"])
    assert typed["owner"] not in prosecutor.content()
    attorney.goto(theirs)
    story.follow(story.link(attorney, "conversation"))
    story.follow(story.link(attorney, "item").last)
    story.look(attorney, "item", "recall")
    story.way.press(attorney.locator("summary").filter(has_text=story.words["recall"]))
    story.way.pick(attorney.locator("[name=reason]"), "incorrect")
    story.press_to(attorney, "recall all")
    story.look(attorney, "recalled")
    prosecutor.goto(ours)
    story.reload_until(prosecutor, "the answer is gone", lambda: typed["owner"] not in prosecutor.content())
    story.look(prosecutor, "inquiry-recalled")
    assert_both_hold_the_same(story)


def test_a_refusal_follows_a_consultation(story: InquiryStory) -> None:
    prosecutor, attorney, typed = story.people["prosecutor"], story.people["attorney"], story.typed
    ours = story.ask_letter()
    theirs = story.take_in("letter")
    story.step(attorney, "acknowledge")
    story.follow(story.await_on(attorney, attorney.locator('a[href$="/steps/refuse/"]')))
    story.way.pick(attorney.locator("#id_ground"), "sovereignty")
    story.way.write(attorney.locator("#id_text"), typed["no"])
    story.follow(attorney.locator("main form.cp-form button[type=submit]"))
    expect(attorney.locator("main [role=alert]").first).to_be_visible()
    expect(attorney.locator("#id_text")).to_have_value(typed["no"])
    story.look(attorney, "refusal-too-early")
    attorney.goto(theirs)
    story.step(attorney, "consult", {"text": typed["obstacle"]}, "chief")
    prosecutor.goto(ours)
    story.step(prosecutor, "consult_reply", {"text": typed["need"]}, "director")
    attorney.goto(theirs)
    story.await_on(attorney, attorney.get_by_text(typed["need"]))
    story.step(attorney, "refuse", {"ground": "sovereignty", "text": typed["no"]}, "chief")
    prosecutor.goto(ours)
    story.await_on(prosecutor, prosecutor.get_by_text(typed["no"]))
    story.look(prosecutor, "inquiry-refused")
    assert_both_hold_the_same(story)
