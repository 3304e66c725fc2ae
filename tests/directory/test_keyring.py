"""Keys by id and by use, in memory and in rows."""

from datetime import timedelta
from itertools import pairwise

import pytest

from contraparte.directory import keyfiles, keyring
from contraparte.directory.models import Key
from contraparte.directory.rules.register import key_entry
from contraparte.directory.rules.succession import vouch
from contraparte.protocol.errors import (
    AgencyUnknownError,
    DirectoryRejectedError,
    IdentifierInvalidError,
    KeyRetiredError,
    KeyUnknownError,
    LocalKeyMissingError,
)
from contraparte.protocol.keys import Purpose, generate
from tests.directory.factory import NOW, agency_entry, load, make_keys, register_of

pytestmark = pytest.mark.django_db
FGE = "mx.fge-son"


def planted():
    keys = make_keys(FGE)
    register = register_of("mx", [agency_entry(FGE, "firearms")], keys.values())
    load(register)
    return keys, register


def test_a_published_key_is_found_by_id_and_by_use():
    keys, _ = planted()
    message = keys[Purpose.MESSAGE]
    assert keyring.public_key(message.kid).raw == message.public().raw
    assert keyring.private_key(FGE, Purpose.MESSAGE, now=NOW) == message
    assert keyring.sealing_key_of(FGE, now=NOW).kid == keys[Purpose.SEAL].kid
    keyring.public_key(message.kid).verify(keyring.private_key(FGE, Purpose.MESSAGE, now=NOW).sign(b"x"), b"x")


def test_a_key_made_but_not_published_signs_nothing():
    make_keys("mx.fgr", [Purpose.MESSAGE])
    with pytest.raises(LocalKeyMissingError):
        keyring.private_key("mx.fgr", Purpose.MESSAGE, now=NOW)
    with pytest.raises(AgencyUnknownError):
        keyring.sealing_key_of("mx.fgr", now=NOW)


def test_an_unknown_key_is_refused_and_not_remembered_as_unknown():
    key = generate(FGE, Purpose.LOG)
    with pytest.raises(KeyUnknownError):
        keyring.public_key(key.kid)
    load(register_of("mx", [agency_entry(FGE)], [key]))
    assert keyring.public_key(key.kid).kid == key.kid


def test_a_withdrawn_key_still_verifies_and_accepts_nothing_new():
    keys, register = planted()
    kid = keys[Purpose.TRANSPORT].kid
    assert keyring.accepting_key(kid, now=NOW).kid == kid
    load(register.with_keys([key_entry(keys[Purpose.TRANSPORT].public(), status="compromised")]))
    assert keyring.public_key(kid).kid == kid
    with pytest.raises(KeyRetiredError):
        keyring.accepting_key(kid, now=NOW)
    assert Key.objects.get(kid=kid).withdrawn_at == NOW
    with pytest.raises(LocalKeyMissingError):
        keyring.private_key(FGE, Purpose.TRANSPORT, now=NOW)


def test_a_withdrawn_key_never_comes_back():
    keys, register = planted()
    load(register.with_keys([key_entry(keys[Purpose.LOG].public(), status="retired")]))
    with pytest.raises(DirectoryRejectedError):
        load(register)


def test_a_key_that_vanishes_from_the_directory_is_kept_and_withdrawn():
    keys, register = planted()
    gone = keys[Purpose.LOG].kid
    rest = tuple(entry for entry in register.keys if entry.kid != gone)
    load(register_of("mx", register.agencies, []).with_keys(rest))
    assert Key.objects.get(kid=gone).status == Key.RETIRED


def test_rotation_signs_with_the_new_key_and_accepts_both_for_fourteen_days():
    keys, register = planted()
    old, new = keys[Purpose.MESSAGE], generate(FGE, Purpose.MESSAGE)
    keyfiles.keep_all([new])
    until = NOW + timedelta(days=14)
    rotated = register.with_keys(
        [
            key_entry(old.public(), valid_from=NOW - timedelta(days=1), valid_until=until),
            vouch(key_entry(new.public(), valid_from=NOW), old),
        ]
    )
    load(rotated)
    assert keyring.private_key(FGE, Purpose.MESSAGE, now=NOW) == new
    assert keyring.accepting_key(old.kid, now=until - timedelta(seconds=1))
    with pytest.raises(KeyRetiredError):
        keyring.accepting_key(old.kid, now=until)


@pytest.mark.parametrize("purpose", [Purpose.MESSAGE, Purpose.SEAL])
def test_a_new_key_that_nobody_vouches_for_changes_nothing(purpose):
    _, register = planted()
    stranger, stray = generate(FGE, Purpose.MESSAGE), generate(FGE, purpose)
    for entry in (key_entry(stray.public()), vouch(key_entry(stray.public()), stranger)):
        with pytest.raises(DirectoryRejectedError):
            load(register.with_keys([entry]))
    assert not Key.objects.filter(kid=stray.kid).exists()


def test_a_reader_that_was_away_follows_the_chain_of_keys():
    keys, register = planted()
    chain = [keys[Purpose.MESSAGE], *(generate(FGE, Purpose.MESSAGE) for _ in range(3))]
    entries = [vouch(key_entry(new.public()), old) for old, new in pairwise(chain)]
    seal = generate(FGE, Purpose.SEAL)
    entries.append(vouch(key_entry(seal.public()), chain[-1]))
    broken = [entry for entry in entries if entry.kid != chain[2].kid]
    with pytest.raises(DirectoryRejectedError):
        load(register.with_keys(broken))
    load(register.with_keys(entries))
    assert keyring.public_key(chain[3].kid)
    assert keyring.public_key(seal.kid)


def test_a_compromised_key_vouches_for_nothing():
    keys, register = planted()
    old, new = keys[Purpose.MESSAGE], generate(FGE, Purpose.MESSAGE)
    withdrawn = key_entry(old.public(), status="compromised")
    with pytest.raises(DirectoryRejectedError):
        load(register.with_keys([withdrawn, vouch(key_entry(new.public()), old)]))
    load(register.with_keys([withdrawn]))
    left_out = register_of("mx", register.agencies, []).with_keys([vouch(key_entry(new.public()), old)])
    with pytest.raises(DirectoryRejectedError):
        load(left_out)


def test_a_private_key_file_is_its_owners_only_and_its_name_leaves_the_folder_nowhere():
    keys = make_keys("mx.fgr")
    for key in keys.values():
        file = keyfiles.folder() / (key.kid.replace("#", "__") + ".key")
        assert file.stat().st_mode & 0o777 == 0o600
        assert keyfiles.load(key.kid) == key
    for kid in ("../../etc/passwd", "mx.fgr#message-../../../x", ""):
        with pytest.raises(IdentifierInvalidError):
            keyfiles.load(kid)


def test_a_damaged_key_file_is_a_missing_key_not_a_crash():
    key = make_keys("mx.fgr", [Purpose.LOG])[Purpose.LOG]
    file = keyfiles.folder() / (key.kid.replace("#", "__") + ".key")
    for damage in (b"", b"{}", b"[1]", file.read_bytes()[:-20], file.read_bytes().replace(b'"raw":"', b'"raw":"AA')):
        file.write_bytes(damage)
        with pytest.raises(LocalKeyMissingError):
            keyfiles.load(key.kid)
