"""The demo's world: the same for the same seed, honest in its chains, and holding what scenario S6 needs."""

import csv
import random
from collections import Counter, defaultdict
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contraparte.books.rules.descriptions import canonical_maker, canonical_type, read_caliber
from contraparte.books.rules.serials import parse_key
from contraparte.node.world import damage, figures, wording
from contraparte.node.world.brands import BRANDS, BY_KEY
from contraparte.node.world.build import World, build
from contraparte.node.world.chains import RETURNED
from contraparte.node.world.firms import Kind, Status, found
from contraparte.node.world.serials import SerialFormat, plain
from contraparte.node.world.truth import Fate, follow
from contraparte.traces.rules.recovery import TypedGun, read_gun

SEEDS = range(1, 11)
SMALL = 20_000


@cache
def world_of(seed: int) -> World:
    return build(seed, SMALL)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_gives_the_recoveries_of_s6(seed):
    world = world_of(seed)
    truths = [world.truth(recovery) for recovery in world.recoveries]
    codes = Counter(truth.code for truth in truths)
    assert len(world.recoveries) == 25
    assert codes["serial_obliterated"] == 2
    assert codes["duplicate_of"] == 1
    valid = codes - Counter({"serial_obliterated": 2, "duplicate_of": 1})
    assert valid.total() == 22
    assert valid["purchaser_identified"] >= 12
    assert len(set(valid) - {"purchaser_identified"}) >= 6


@pytest.mark.parametrize("seed", SEEDS)
def test_every_class_of_damage_occurs(seed):
    seen = Counter(recovery.damage for recovery in world_of(seed).recoveries)
    assert set(seen) == {*damage.CLASSES, "erased", "never_had", "one_digit_wrong"}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_row_can_be_read_as_typed_and_lacks_nothing(seed):
    for recovery in world_of(seed).recoveries:
        gun = read_gun(TypedGun.of(recovery.typed), requested_country="us")
        assert gun.errors == (), (recovery, gun.errors)
        assert gun.calibre_is_known, recovery
        assert gun.type
        assert gun.country


@pytest.mark.parametrize("seed", SEEDS)
def test_a_recovery_follows_the_last_sale_of_its_gun(seed):
    world = world_of(seed)
    for recovery in world.recoveries:
        truth = world.truth(recovery)
        if truth.last_sold:
            assert truth.first_sold <= truth.last_sold < recovery.event.recovered_on <= world.today


@pytest.mark.parametrize("seed", SEEDS)
def test_the_federal_office_loads_the_first_gun_again_with_one_digit_wrong(seed):
    first, *_, last = world_of(seed).recoveries
    assert last.event.office == "federal"
    assert world_of(seed).truth(last).duplicate_of == first.number
    pairs = list(zip(first.typed["serial"], last.typed["serial"], strict=True))
    assert sum(one != other for one, other in pairs) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_serial_that_must_be_found_stands_for_one_gun_of_its_maker(seed):
    world = world_of(seed)
    for recovery in world.recoveries:
        source = world.sources[recovery.number]
        if source.lot is None:
            continue
        serials = "\n".join(
            plain(serial)
            for lot in world.production.lots
            if lot.brand is source.lot.brand
            for serial in lot.brand.format.block(lot.start, lot.count, lot.year)
        )
        explained = damage.explained_by(recovery.typed["serial"], serials)
        assert explained > 1 if source.fate is Fate.AMBIGUOUS else explained == 1


def test_the_same_seed_gives_the_same_world_and_another_seed_another():
    one, two, other = build(7, SMALL), build(7, SMALL), build(8, SMALL)
    assert one.recoveries == two.recoveries
    assert [line for _, line in zip(range(5000), one.lines(), strict=False)] == [
        line for _, line in zip(range(5000), two.lines(), strict=False)
    ]
    assert one.recoveries != other.recoveries


def test_the_truth_is_the_same_whether_recoveries_were_drawn_first_or_last():
    early, late = build(3, SMALL), build(3, SMALL)
    list(late.lines())
    assert [early.truth(r) for r in early.recoveries] == [late.truth(r) for r in late.recoveries]


def test_books_hold_at_least_as_many_lines_as_asked_where_they_can_be_asked(tmp_path):
    world = build(5, 60_000)
    books = world.write_books(tmp_path)
    connected = [book for book in books if book.custodian.status is Status.CONNECTED]
    assert sum(book.lines for book in connected) >= 60_000
    for book in books:
        with book.path.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
        assert len(rows) == book.lines
        assert ",".join(rows[0]) == wording.HEADER
        assert all(None not in row and None not in row.values() for row in rows)


def test_each_line_follows_from_a_line_of_the_custodian_before():
    world = world_of(2)
    labels = [custodian.label for custodian in world.firms.all]
    for lot in world.production.lots[::6]:
        for gun in world.guns(lot):
            for before, after in zip(gun.steps, gun.steps[1:], strict=False):
                assert after.acquired >= before.disposed > 0
                if before.custodian != after.custodian:
                    assert before.disposed_to == labels[after.custodian]
                    assert after.acquired_from == labels[before.custodian]
            assert all(step.disposed >= step.acquired for step in gun.steps if step.disposed)


def test_a_maker_never_repeats_a_serial_and_two_makers_may():
    world = world_of(4)
    used: dict[str, set[str]] = defaultdict(set)
    for lot in world.production.lots:
        serials = [plain(serial) for serial in lot.brand.format.block(lot.start, lot.count, lot.year)]
        assert len(set(serials)) == lot.count
        assert not used[lot.brand.key] & set(serials)
        used[lot.brand.key] |= set(serials)
    assert used["diamondback"] & used["canik"]


def test_every_serial_leads_back_to_its_lot():
    world = world_of(6)
    for lot in world.production.lots[::4]:
        serials = lot.brand.format.block(lot.start, lot.count, lot.year)
        for place in (0, lot.count // 2, lot.count - 1):
            assert world.production.locate(lot.brand.key, plain(serials[place])) == (lot, place)


@given(st.sampled_from(BRANDS), st.floats(0, 0.999), st.integers(2004, 2026))
def test_a_format_reads_what_it_writes(brand, share, year):
    number = int(share * brand.format.capacity)
    text = brand.format.encode(number, year)
    assert brand.format.decode(plain(text)) == number
    assert len(plain(text)) <= 24
    assert parse_key(text) == plain(text)


@given(st.integers(0, 2_000_000), st.integers(1, 1500))
def test_a_block_is_what_its_numbers_are_one_by_one(start, count):
    for form in (
        SerialFormat(letters=3, digits=4),
        SerialFormat("K", 0, 7, check=True),
        SerialFormat("A1-", 1, 6, suffix="-~"),
    ):
        assert form.block(start, count, 2019) == [form.encode(start + place, 2019) for place in range(count)]


def test_every_spelling_of_books_and_officers_reads_as_one_calibre_maker_and_type():
    for key, (books, officers) in wording.CALIBRES.items():
        assert len({read_caliber(text).code for text in (*books, *officers)}) == 1, key
        assert all(read_caliber(text).is_known for text in (*books, *officers)), key
    for brand in BRANDS:
        assert len({canonical_maker(text) for text in (brand.name, *brand.spellings)}) == 1, brand.key
    for kind, (code, words) in wording.TYPES.items():
        assert {canonical_type(word) for word in (kind, *words)} == {code}


def test_dealers_stand_where_the_figures_say():
    firms = found(1)
    assert len(firms.dealers) == 60
    assert Counter(custodian.kind for custodian in firms.all) == {
        Kind.MAKER: 14, Kind.IMPORTER: 4, Kind.WHOLESALER: 10, Kind.DEALER: 60,
    }  # fmt: skip
    states = Counter(dealer.state for dealer in firms.dealers)
    assert states["AZ"] > states["CA"]
    assert len({custodian.agency for custodian in firms.all}) == len(firms.all)
    assert len({custodian.name for custodian in firms.all}) == len(firms.all)
    assert Counter(dealer.status for dealer in firms.dealers) == {
        Status.CONNECTED: 55, Status.PAPER: 3, Status.CLOSED: 2,
    }  # fmt: skip


def test_condensed_figures_sum_to_what_their_readme_says():
    made: Counter[str] = Counter()
    exported = 0
    for row in figures.rows("makers"):
        if row["flow"] == "manufactured":
            made[row["firearm_type"]] += int(row["count_2020_2024"])
        else:
            exported += int(row["count_2020_2024"])
    assert made == {
        "pistol": 26_409_935, "rifle": 16_296_201, "misc": 7_471_542, "revolver": 4_441_140, "shotgun": 3_017_025,
    }  # fmt: skip
    assert made.total() == 57_635_843
    assert exported == 2_506_659
    assert sum(int(row["dealers_2022"]) for row in figures.rows("dealers")) == 78_483
    assert figures.source_weights()["AZ"] == 1618
    assert figures.export_share("GLOCK INC") > 0


def test_guns_of_each_maker_follow_its_reported_volumes():
    world = build(1, 200_000)
    guns: Counter[str] = Counter()
    for lot in world.production.lots:
        guns[lot.brand.key] += lot.count
    assert guns["ruger"] > guns["heritage"] > guns["kimber"] / 2
    assert guns["smith-wesson"] > guns["diamondback"]


def test_one_digit_wrong_changes_one_digit():
    rng = random.Random(1)
    for _ in range(200):
        stamped = BY_KEY["colt"].format.encode(rng.randrange(10**6), 2020)
        wrong = damage.one_digit_wrong(stamped, rng)
        assert sum(a != b for a, b in zip(stamped, wrong, strict=True)) == 1


def test_a_gun_handed_back_after_repair_is_not_sold_again():
    world = build(1, 60_000)
    repaired = [
        (gun, follow(world, gun))
        for lot in world.production.lots
        for gun in world.guns(lot)
        if gun.steps[-1].outcome == RETURNED
    ]
    assert repaired
    for gun, truth in repaired:
        assert gun.steps[-1].acquired_from.endswith("for repair")
        if truth.code == "purchaser_identified":
            assert truth.last_sold.toordinal() < gun.steps[-1].acquired
