"""Everything refused on purpose, as one tree.

    ContraparteError
    ├── InputError             somebody typed or sent what cannot be read; names the field
    ├── ProtocolError          bytes from elsewhere break a clause of the protocol
    ├── PolicyError            a rule of this node or of the accord forbids it
    ├── StateError             right in itself, but not now: names what is allowed now
    └── NodeError              this node cannot do it: keys, files, peers

`code` is stable: peers, pages and translators rely on it. The words are elsewhere (`problems.py` of each room),
in both languages; a guard test holds the two together.
"""

from typing import Any


class ContraparteError(Exception):
    """Refused on purpose. `params` fill the translated text and hold no message content."""

    code = "error"

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(self.code, params)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code} ({told})" if told else self.code


class InputError(ContraparteError):
    """What was typed or sent cannot be read. Carries `field` where one is to blame."""

    code = "input"


class ProtocolError(ContraparteError):
    """Bytes from another node break a clause of the protocol."""

    code = "protocol"


class PolicyError(ContraparteError):
    """A rule of this node or of the accord forbids it."""

    code = "policy"


class StateError(ContraparteError):
    """Not possible in the present state."""

    code = "state"


class NodeError(ContraparteError):
    """This node cannot do it: a key, a file or a peer is missing."""

    code = "node"


# --- protocol: identifiers, bounds, message, envelope, receipts, log ---


class IdentifierInvalidError(InputError):
    """Not an agency, post, message or key identifier. `field`, `read`."""

    code = "identifier.invalid"


class BoundExceededError(ProtocolError):
    """Larger, deeper or more than `protocol/limits.py` allows. `what`, `limit`, `read`."""

    code = "protocol.bound"


class EncodingInvalidError(ProtocolError):
    """Not the JSON, base64url or instant that the protocol writes. `what`, `reason`."""

    code = "protocol.encoding"


class KeyMalformedError(ProtocolError):
    """Bytes that are no key of the stated purpose, or a key id that does not match them. `kid`."""

    code = "key.malformed"


class KeyPurposeError(ProtocolError):
    """A key used for another purpose, or by another agency, than it was made for (P1.5). `kid`, `expected`."""

    code = "key.purpose"


class SignatureInvalidError(ProtocolError):
    """A signature does not verify. `kid`."""

    code = "signature.invalid"


class SignatureHeaderError(ProtocolError):
    """A JWS header other than the exact one the protocol asks for (P1.5). `member`, `expected`."""

    code = "signature.header"


class MarkingMalformedError(ProtocolError):
    """A marking that cannot be read. `field`."""

    code = "marking.malformed"


class MessageMalformedError(ProtocolError):
    """A message that cannot be read. `field`, `reason`."""

    code = "message.malformed"


class DisclosureInvalidError(ProtocolError):
    """Disclosures that do not belong to the signed message (P2.3). `reason`."""

    code = "message.disclosure"


class MessageClockError(ProtocolError):
    """Created too far ahead or behind (P4.4). `created`, `now`."""

    code = "message.clock"


class MessageExpiredError(ProtocolError):
    """Read after it expired. `expires`, `now`."""

    code = "message.expired"


class EnvelopeMalformedError(ProtocolError):
    """An envelope header that cannot be read. `field`."""

    code = "envelope.malformed"


class EnvelopeMismatchError(ProtocolError):
    """The envelope and what lies in it name different things (P3.3). `field`."""

    code = "envelope.mismatch"


class EnvelopeUnopenableError(ProtocolError):
    """The seal does not open with this key. `kid`."""

    code = "envelope.unopenable"


class AttachmentMalformedError(ProtocolError):
    """The description of a file does not have the form of P3.5. `field`."""

    code = "attachment.malformed"


class AttachmentChangedError(ProtocolError):
    """The bytes of a file are not those that were signed: changed, cut, out of order or of another message."""

    code = "attachment.changed"


class BatchMalformedError(ProtocolError):
    """A batch that is cut, has bytes to spare or counts wrongly. `reason`."""

    code = "batch.malformed"


class ReceiptMalformedError(ProtocolError):
    """A receipt or its statement cannot be read. `field`."""

    code = "receipt.malformed"


class ReceiptInvalidError(ProtocolError):
    """A receipt that its signer did not sign, or that its signer may not sign. `reason`."""

    code = "receipt.invalid"


class RequestSignatureError(ProtocolError):
    """A request between nodes without the signature the protocol asks for (P4.1). `reason`."""

    code = "request.signature"


class RequestClockError(ProtocolError):
    """A request signed too long ago or ahead of this node's clock (P4.1). `created`, `now`."""

    code = "request.clock"


class ProofError(ProtocolError):
    """A Merkle proof does not prove what it claims. `reason` names the first thing wrong, `field` where."""

    code = "proof.invalid"


class NoteMalformedError(ProtocolError):
    """A signed note, checkpoint, proof file or tile path is not of its form. `field` and `reason`."""

    code = "note.malformed"


class NoteUnverifiedError(ProtocolError):
    """A signed note bears no valid signature of a trusted key, or a false one of such a key. `reason`, `name`."""

    code = "note.unverified"


class TrustPolicyMalformedError(InputError):
    """A file of trusted logs and witnesses is not of its form. `line` (from 1), `reason`."""

    code = "tlog.policy.malformed"


class TrustPolicyUnmetError(ProtocolError):
    """A checkpoint is not signed and cosigned as the file of trusted logs and witnesses asks. `reason`, `quorum`."""

    code = "tlog.policy.unmet"


# --- directory ---


class AgencyUnknownError(InputError):
    """No agency of that id stands in the trusted directory. `agency` is what was read."""

    code = "agency.unknown"


class PostUnknownError(InputError):
    """No post of that id stands in the trusted directory. `post` is what was read."""

    code = "post.unknown"


class PersonInvalidError(InputError):
    """A person cannot be added so, or is not known. `field`, `read`, `problem` (form, taken, weak, unknown)."""

    code = "person.invalid"


class RolesIncompatibleError(InputError):
    """Roles that one tenure may not unite. `roles` lists them, `field` is to blame."""

    code = "tenure.roles.incompatible"


class TenurePeriodError(InputError):
    """A tenure that ends before it starts. `field`, `starts`, `ends`."""

    code = "tenure.period"


class TenureEndedError(StateError):
    """The tenure has ended or not begun: nothing can be done under it. `tenure`."""

    code = "tenure.ended"


class RightMissingError(PolicyError):
    """The actor's tenure does not carry the right for this act. `right`."""

    code = "tenure.right.missing"


class ActingForbiddenError(PolicyError):
    """No active person of that name holds the post now in a role that may do this. `person`, `post`."""

    code = "tenure.acting"


class LocalKeyMissingError(NodeError):
    """This node holds no usable private key. `agency` and `purpose`, or `kid`."""

    code = "key.local.missing"


class KeyUnknownError(ProtocolError):
    """No trusted directory names this key. `kid`."""

    code = "key.unknown"


class KeyRetiredError(ProtocolError):
    """The key is known and no longer (or not yet) good for anything new (P1.6). `kid`."""

    code = "key.retired"


class DocumentMalformedError(ProtocolError):
    """A signed document breaks its form. `document`, `path` (JSON path) and `problem`."""

    code = "directory.document.malformed"


class DirectoryRejectedError(ProtocolError):
    """A country's directory fails verification; the last trusted view stays. `country`, `reason`."""

    code = "directory.rejected"


class AddressInsecureError(InputError):
    """A node's address is https, or http on this very machine. `field`, `read`."""

    code = "directory.address"


class DirectoryStaleError(PolicyError):
    """The trusted view has expired: nothing is released until it is renewed (P1.7). `country`."""

    code = "directory.stale"


class DirectoryExpiredError(PolicyError):
    """The trusted view expired more than 30 days ago: nothing is accepted (P1.7). `country`."""

    code = "directory.expired"


class DirectoryUntrustedError(StateError):
    """This node trusts no root of that country yet. `country`."""

    code = "directory.untrusted"


class DirectoryUnreachableError(NodeError):
    """A country's directory could not be fetched. `country`, `url`."""

    code = "directory.unreachable"


class RootFingerprintError(PolicyError):
    """The root file is not the one whose fingerprint was handed over in person. `country`, `expected`, `read`."""

    code = "directory.root.fingerprint"


class AccordMissingError(PolicyError):
    """No accord in force covers the two countries, or the one cited is not known. `country_a`, `country_b` or `id`."""

    code = "accord.missing"


class AccordTypeForbiddenError(PolicyError):
    """The accord does not let this sender send this type to this recipient. `type`, `sender`, `recipient`."""

    code = "accord.type.forbidden"


class AccordSignatureError(ProtocolError):
    """The signatures are not exactly those of the parties' pinned keys. `accord`, `reason`."""

    code = "accord.signature"


class AccordConflictError(StateError):
    """Another document was adopted under this id before; an amended accord takes a new id. `accord`."""

    code = "accord.conflict"


class AccordSuspendedError(StateError):
    """One of the parties has suspended the accord (P1.3). `accord`."""

    code = "accord.suspended"


class LineageError(InputError):
    """What a change of agency may not say (P1.8). `event`; the classes below name what is wrong."""

    code = "lineage.invalid"


class LineagePeriodError(LineageError):
    """It would count before it was announced, or end to take messages before it counts. `field`, `event`."""

    code = "lineage.period"


class LineageCountryError(LineageError):
    """It names an agency or a reviewer of the wrong country. `field`, `read`, `event`."""

    code = "lineage.country"


class LineageKindError(LineageError):
    """A change of that kind has not so many agencies before or after it. `field`, `kind`, `event`."""

    code = "lineage.kind"


class LineageRuleError(LineageError):
    """A post has more than one successor and no rule that says who gets what. `post`, `event`."""

    code = "lineage.rule"


class LineageCycleError(LineageError):
    """A post takes work over and gives its own away in the same moment. `post`, `successor`, `event`."""

    code = "lineage.cycle"


class LineagePostMissingError(LineageError):
    """A post of a body that ends is not mapped. `post`, `event`."""

    code = "lineage.post.missing"


class LineagePostUnknownError(LineageError):
    """A post it names is not in the directory, or not of the agencies it names. `field`, `post`, `event`."""

    code = "lineage.post.unknown"


class LineageForgedError(ProtocolError):
    """An event does not bear the signature of the country whose directory holds it. `event`, `country`."""

    code = "lineage.forged"


class LineageUnknownError(InputError):
    """No such event was ever published or taken in. `event`."""

    code = "lineage.unknown"


class LineageStatementUnknownError(InputError):
    """No statement of that number is known, or it is not open to what was asked. `statement`."""

    code = "lineage.statement.unknown"


class LineageSignedError(StateError):
    """A country disputes a version it has signed itself. `event`, `country`."""

    code = "lineage.signed"


class PostSucceededError(StateError):
    """The post's work has passed on, and its last day is over (P1.8). `post`, `successor`."""

    code = "post.succeeded"


class AgencySucceededError(StateError):
    """The agency is no more, and its last day is over: nothing new is taken under its keys. `agency`, `event`."""

    code = "agency.succeeded"


class ReconfirmationStateError(StateError):
    """Somebody has confirmed or withdrawn this permission already. `state`."""

    code = "permission.reconfirmed"


# --- ledger ---


class LeafInvalidError(ProtocolError):
    """A ledger leaf is not of its fixed layout or too long. `field`, `reason`."""

    code = "ledger.leaf.invalid"


class LogUnknownError(StateError):
    """This node neither writes nor mirrors such a log. `origin`."""

    code = "ledger.log.unknown"


class LedgerRolledBackError(NodeError):
    """The guard or a peer knows a later head of this log than the database: an older copy was restored (P5.4).

    Nothing is signed. `origin`, `database_size`, `known_size`.
    """

    code = "ledger.rolled_back"


class LedgerForkedError(NodeError):
    """The database holds another history of this log than the guard has seen (P5.2). `origin`, `size`."""

    code = "ledger.forked"


class GuardUnreadableError(NodeError):
    """The guard's file of a log holds no whole head; nothing is signed before a person has looked. `origin`."""

    code = "ledger.guard.unreadable"


class LedgerUnreadyError(NodeError):
    """The ledger was given no keys: `ledger.registry.install` was not called. `part`."""

    code = "ledger.unready"


class MessageNotLoggedError(StateError):
    """No leaf of this node's logs is about that message. `message_id`."""

    code = "ledger.message.not_logged"


class LogChoiceError(InputError):
    """Several logs could be meant: one must be named. `origins`."""

    code = "ledger.log.choice"


class PeerLogError(ProtocolError):
    """A peer's log or witness answered what cannot be true; kept as an incident. `origin`, `reason`."""

    code = "ledger.peer.contradiction"


# --- exchange ---


class MessageTypeUnknownError(ProtocolError):
    """No room of this node speaks this message type. Params: type."""

    code = "message.type.unknown"


class MessageBodyError(ProtocolError):
    """The body is not of its type's form. Params: field, type."""

    code = "message.body.invalid"


class AccordMismatchError(ProtocolError):
    """The message cites an accord, or a wording of it, that is not in effect here. Params: accord."""

    code = "message.accord.other"


class MessageAuthorError(ProtocolError):
    """The sender is not hosted by the node that delivered it, or signed with another agency's key. Params: sender."""

    code = "message.author.wrong"


class MessageRecipientError(ProtocolError):
    """The recipient post does not exist at this node. Params: recipient."""

    code = "message.recipient.unknown"


class MessageIdConflictError(ProtocolError):
    """This id was accepted before with other bytes (P4.2)."""

    code = "message.id.conflict"


class MessageSequenceError(ProtocolError):
    """The sequence number was used before by another message (P2.1)."""

    code = "message.seq.used"


class MessageMarkingError(ProtocolError):
    """The marking holds a restriction this node does not know, or none may see it. Params: reason."""

    code = "message.marking.unknown"


class ConversationPartyError(ProtocolError):
    """The sender is no party to this conversation."""

    code = "conversation.not_party"


class OrderGapError(ProtocolError):
    """An earlier message of the conversation has not arrived yet: send that one first (P4.1)."""

    code = "order.gap"


class EnvelopeUnprovenError(ProtocolError):
    """Authorship could not be established, so nothing final is said about this id. Params: reason."""

    code = "envelope.unproven"


class PeerUnprovenError(ProtocolError):
    """The request does not prove which node sends it. Params: reason."""

    code = "peer.unproven"


class PeerAnswerError(ProtocolError):
    """A peer answered with something that is not an answer. Params: reason."""

    code = "peer.answer.invalid"


class ReceiptMismatchError(ProtocolError):
    """A receipt speaks of a message this node did not send, or of other bytes."""

    code = "receipt.mismatch"


class AttachmentMissingError(StateError):
    """Bytes of a message's files have yet to come. The answer says of which file and from where on."""

    code = "attachment.missing"


class AttachmentUnprovenError(StateError):
    """All bytes of a message's files are here; they are being compared with what was signed."""

    code = "attachment.unproven"


class AttachmentUnexpectedError(ProtocolError):
    """Bytes of a file that no proven message has announced, or beyond its end."""

    code = "attachment.unexpected"


class AttachmentRoomError(StateError):
    """There is no room for the announced files at present."""

    code = "attachment.room"


class AttachmentNotTakenError(PolicyError):
    """Messages of this type carry no files. `type`."""

    code = "attachment.not_taken"


class AttachmentNameError(InputError):
    """A file's name is empty, too long or holds what names do not hold. `field`, `read`."""

    code = "attachment.name"


class AttachmentEmptyError(InputError):
    """The file holds nothing. `field`."""

    code = "attachment.empty"


class AttachmentTooLargeError(InputError):
    """The file is larger than any message may carry. `field`, `limit`."""

    code = "attachment.too_large"


class AttachmentTooManyError(InputError):
    """The draft has as many files as a message may carry. `field`, `limit`."""

    code = "attachment.too_many"


class InquiryFileChangedError(StateError):
    """A file of an answer is not, or no longer, what its sender signed. `sha256` of what was signed."""

    code = "inquiry.file.changed"


class InquiryFileUnknownError(PolicyError):
    """A step names a file that was not sent in its thread. `sha256`."""

    code = "inquiry.file.unknown"


class AttachmentLostError(NodeError):
    """A file that is on record is not in the attachments folder, or not whole."""

    code = "attachment.lost"


class ReleaseHeldError(PolicyError):
    """The gate holds the draft until its needs are met. Params: needs."""

    code = "release.held"


class ReleaseWithheldError(PolicyError):
    """The gate lets nothing of this draft out. Params: reasons."""

    code = "release.withheld"


class ApprovalDrafterError(PolicyError):
    """Whoever drafted it cannot approve it."""

    code = "approval.drafter"


class ApprovalRoleError(PolicyError):
    """Only an authorising person of the sending agency approves. Params: roles."""

    code = "approval.role"


class ApprovalOutdatedError(StateError):
    """The draft has changed since it was read: look at it again and approve what it says now."""

    code = "approval.outdated"


class DraftClosedError(StateError):
    """The draft has left or was discarded; it can no longer be changed. Params: state."""

    code = "draft.closed"


class DraftFieldError(InputError):
    """A draft's body is not of its type's form. Params: field."""

    code = "draft.field"


class ConversationClosedError(StateError):
    """The conversation has ended. Params: close_code."""

    code = "conversation.closed"


class PostNotLocalError(PolicyError):
    """The post belongs to another node or agency. Params: post."""

    code = "post.not_local"


class PolicySetError(NodeError):
    """The release policies of this node do not validate, so it releases nothing. Params: reason."""

    code = "policy.set.invalid"


class WorkerRunningError(NodeError):
    """Another worker works on this home; on SQLite there is one. Params: home."""

    code = "worker.running"


class PeerUnreachableError(NodeError):
    """The other node does not answer. What is queued is kept and sent again. Params: operator."""

    code = "peer.unreachable"


class PeerInsecureError(NodeError):
    """The other node's address is neither https nor on this machine. Params: url."""

    code = "peer.insecure"


# --- exchange: pouches carried by hand, evidence packages ---


class PouchMalformedError(InputError):
    """A file that is no pouch, or whose manifest cannot be read (P4.5). `reason`."""

    code = "pouch.malformed"


class PouchDamagedError(InputError):
    """A pouch whose bytes are not those its manifest names: cut short, changed, with bytes to spare. `part`."""

    code = "pouch.damaged"


class PouchUnprovenError(ProtocolError):
    """A pouch whose manifest no operator of a trusted directory has signed. `reason`."""

    code = "pouch.unproven"


class PouchRecipientError(ProtocolError):
    """A pouch for another node. `recipient`, `here`."""

    code = "pouch.recipient"


class PouchNumberError(ProtocolError):
    """A number that this sender has used before for another pouch. `sender`, `number`."""

    code = "pouch.number"


class PouchChainError(ProtocolError):
    """A pouch that cites another predecessor than the one that was taken in. `sender`, `number`."""

    code = "pouch.chain"


class PouchAnswerError(ProtocolError):
    """An answer to a pouch that this node has not made. `number`."""

    code = "pouch.answer"


class PouchFileError(InputError):
    """A file that is there already, or cannot be written. `file`."""

    code = "pouch.file"


class ConversationUnknownError(InputError):
    """No conversation of that id here, or several sides of one: then the agency is to be named. `conversation`."""

    code = "conversation.unknown"


class PackageItemError(InputError):
    """An item that is not in the conversation, or whose content was erased. `item`."""

    code = "package.item"


class PackageIntelligenceError(PolicyError):
    """Intelligence cannot enter a court file (DOMAIN, Markings). `item`."""

    code = "package.intelligence"


class PackageRestrictedError(PolicyError):
    """A handling restriction keeps the item out of judicial proceedings. `item`, `restriction`."""

    code = "package.restricted"


class PackagePermissionExpiredError(PolicyError):
    """The permission by which an item could have entered a court file is over, or has not begun. `item`."""

    code = "package.permission.expired"


class PackagePermissionRevokedError(PolicyError):
    """The permission by which an item could have entered a court file was withdrawn. `item`."""

    code = "package.permission.revoked"


class PackageUnprovableError(StateError):
    """Something an expert needs is not here: a key, a proof, signed metadata. `what`, `item`."""

    code = "package.unprovable"


class LetterIncompleteError(InputError):
    """A letter of request that lacks a text in one of its languages, or holds one too long. `field`, `language`."""

    code = "letter.incomplete"


class LetterVersionError(InputError):
    """A signed copy shows another version than the letter has now. `field`, `read`, `version` (first eight digits)."""

    code = "letter.version"


class LetterNotPdfError(InputError):
    """What was taken in as a signed copy is no PDF. `field`."""

    code = "letter.pdf"


class LetterTooLargeError(InputError):
    """A signed copy is larger than one may be. `field`, `limit` in bytes."""

    code = "letter.too_large"


class LetterUnsignedError(InputError):
    """What was taken in as a signed copy is the letter as it was printed, without a signature. `field`."""

    code = "letter.unsigned"


class PackageUnreadableError(InputError):
    """A folder or archive that cannot be read as a package at all. `reason`."""

    code = "package.unreadable"


# --- books ---


class SerialUnreadableError(InputError):
    """Not 1 to 24 of A-Z and 0-9 once blanks, dots, dashes and slashes are gone. Params: field, read, at."""

    code = "trace.serial.unreadable"


class SerialIsStateError(InputError):
    """The serial field holds words such as LIMADO or S/N. Params: field, read, state."""

    code = "trace.serial.state"


class SerialScientificError(InputError):
    """The serial was altered by a spreadsheet (1.23E+05). Params: field, read."""

    code = "trace.serial.scientific"


class SerialPatternError(InputError):
    """A damaged serial is not in investigators' notation. Params: field, read, at."""

    code = "books.query.unreadable"


class SerialPatternVagueError(InputError):
    """A damaged serial leaves fewer readable characters than can be searched. Params: field, read, known, needed."""

    code = "books.query.vague"


class BookHeaderError(InputError):
    """A file's first line does not name the columns. Params: field, read, missing."""

    code = "books.import.header"


class BookFileError(InputError):
    """A file is no table of text at all: empty, too long a first line. Params: field, read."""

    code = "books.import.file"


class BookFileTooLargeError(InputError):
    """A file is too large to be brought in by a page. Params: field, read, most (MiB)."""

    code = "books.import.large"


class BookFileChangedError(StateError):
    """An interrupted import cannot go on: the file is another one now. Params: file."""

    code = "books.import.changed"


class BookRowError(InputError):
    """A row cannot be a line of a book. Params: field, read."""

    code = "books.row"


class BookRowCellsError(BookRowError):
    """More or fewer cells than the header names. Params: field, read, wanted."""

    code = "books.row.cells"


class BookCellMissingError(BookRowError):
    """A cell that every line needs is empty. Params: field, read."""

    code = "books.row.missing"


class BookCellTooLongError(BookRowError):
    """A cell, or the whole row, is longer than a book's may be. Params: field, read, most."""

    code = "books.row.long"


class BookCellControlError(BookRowError):
    """A cell holds characters that cannot be shown (NUL and its like). Params: field, read."""

    code = "books.row.control"


class BookRowUndatedError(BookRowError):
    """Somebody received the gun, and no day is given. Params: field, read."""

    code = "books.row.undated"


class BookRowUnaddressedError(BookRowError):
    """The gun left on a day, and nobody is named who received it. Params: field, read."""

    code = "books.row.unaddressed"


class BookRowOrderError(BookRowError):
    """The gun left before it came. Params: field, read, acquired."""

    code = "books.row.order"


class BookRowQuotesError(BookRowError):
    """A quotation mark is opened and never closed. Params: field, read."""

    code = "books.row.quotes"


class BookRowEncodingError(BookRowError):
    """Bytes of this row are in another encoding than the rest of the file. Params: field, read."""

    code = "books.row.encoding"


class BookDateAmbiguousError(InputError):
    """03/04/2020 may be two days. Params: field, read."""

    code = "books.date.ambiguous"


class BookDateUnreadableError(InputError):
    """Not a date a book may hold. Params: field, read."""

    code = "books.date.unreadable"


class BookUnknownError(InputError):
    """No book of that name, as far as the asker may know. Params: book."""

    code = "books.unknown"


class BookNotNamedError(InputError):
    """The home holds books of several custodians, or several custodians, and none was named. Params: choices."""

    code = "books.not_named"


class BooksOfSeveralCustodiansError(PolicyError):
    """No query spans two custodians' books. Params: custodians."""

    code = "books.several_custodians"


class QueryPurposeMissingError(InputError):
    """A search by a person says neither purpose nor case. Params: field."""

    code = "books.query.purpose"


class BookIndexBusyError(NodeError):
    """Another process has written the index of this book for too long. Params: book."""

    code = "books.index.busy"


class CaliberAmbiguousError(InputError):
    """A calibre that names several cartridges ("9"). Params: field, read, choices."""

    code = "trace.caliber.ambiguous"


class FirearmTypeUnknownError(InputError):
    """No NCIC type goes by that word. Params: field, read."""

    code = "trace.type.unknown"


# --- traces ---


class FieldMissingError(InputError):
    """A required field is empty. Names the `field`."""

    code = "trace.field.missing"


class FieldUnreadableError(InputError):
    """A field of a recovery or a gun cannot be read. Names the `field` and what was `read`."""

    code = "trace.field.unreadable"


class ImporterMissingError(InputError):
    """A gun made outside the requested country has no importer: the walk would have nowhere to begin."""

    code = "trace.importer.missing"


class BarrelNumberError(InputError):
    """The number typed as serial is on the barrel or slide; only the frame or receiver is traced."""

    code = "trace.serial.barrel_number"


class SerialIsModelError(InputError):
    """A model was typed into the serial field. `model` says which."""

    code = "trace.serial.is_model"


class RestorationMissingError(InputError):
    """The serial is erased and nothing says what was done to restore it."""

    code = "trace.serial.restoration_missing"


class RecoveryAfterRequestError(InputError):
    """The recovery date lies after the date of the request."""

    code = "trace.recovery.after_request"


class RecoveryBeforeSaleError(InputError):
    """A gun cannot be recovered before the retail sale that time-to-crime runs from."""

    code = "trace.recovery.before_sale"


class PossessorMinorError(InputError):
    """The possessor was a minor: withhold the person, or name a second reviewer. `age` in whole years."""

    code = "trace.possessor.minor"


class UrgentUnjustifiedError(InputError):
    """An urgent request has no reason."""

    code = "trace.urgent.unjustified"


class RowsTooManyError(InputError):
    """One event or one import holds more rows than the bound. `count` and `limit` are given."""

    code = "trace.rows.too_many"


class RowsUnreadableError(InputError):
    """A pasted table or file cannot be read as rows. `reason` says why."""

    code = "trace.rows.unreadable"


class CallLogMissingError(InputError):
    """An answer by telephone, fax or page image was entered without saying who answered, when and how."""

    code = "trace.call_log.missing"


class SecondReviewerError(PolicyError):
    """The second reviewer of a minor's data must be another person, in the same agency."""

    code = "trace.possessor.reviewer"


class TraceIncompleteError(StateError):
    """The request may not be sent yet: `gaps` names each missing or doubtful field, `score` is 0 to 100."""

    code = "trace.incomplete"


class SameGunUndecidedError(StateError):
    """Another post may hold the same gun; a person decides first which serial is true. `other` is that post."""

    code = "trace.same_gun.undecided"


class TraceAlreadyOpenError(StateError):
    """This gun has a trace already; resubmit that one."""

    code = "trace.already_open"


class TraceStateError(StateError):
    """The trace is in another state than the action needs: `state` now, `allowed` ones."""

    code = "trace.state"


class RowLockedError(StateError):
    """The row has been sent; it is mended by a resubmission, not by typing over it."""

    code = "trace.row.locked"


class TaskDecidedError(StateError):
    """A custodian's task was decided already."""

    code = "trace.task.decided"


class WalkStepError(StateError):
    """An answer does not fit the step the walk waits for: `step` is awaited."""

    code = "trace.walk.step"


class CustodianUnknownError(StateError):
    """No post of the directory keeps the book of this maker, importer or licence."""

    code = "trace.custodian.unknown"


# --- inquiries ---


class HandlingUnknownError(InputError):
    """A handling code that nobody has defined. `field`, `read`."""

    code = "inquiry.handling.unknown"


class InquiryFieldError(InputError):
    """A step's required field is empty or cannot be read. Names the `field`."""

    code = "inquiry.field"


class GroundNotCoerciveError(InputError):
    """A ground that stops coercive measures only was given against one that is not. `field`, `read`."""

    code = "inquiry.ground.not_coercive"


class IntelligenceInCourtError(PolicyError):
    """Intelligence does not enter a court file; a formal request asks for it as evidence. `field`."""

    code = "inquiry.use.intelligence"


class InquiryIncompleteError(StateError):
    """The request may not be sent yet: `gaps` names what is missing, `score` is 0 to 100."""

    code = "inquiry.incomplete"


class InquiryStepError(StateError):
    """This step is not open now: `step`, the present `state`, the `allowed` ones."""

    code = "inquiry.step"


class RefusalUnconsultedError(StateError):
    """A refusal comes after a consultation, unless the law prohibits the measure. `field`, `allowed` steps."""

    code = "inquiry.refuse.unconsulted"


class StepDraftedError(StateError):
    """This step is drafted already and waits for its release. `step`."""

    code = "inquiry.step.drafted"


class InquiryBoundError(StateError):
    """The request was drafted or shown by this post, in a thread of its own: it cannot move to another post now."""

    code = "inquiry.bound"


class InquirySentError(StateError):
    """The request has left and can no longer be changed; a clarification or a withdrawal can follow it."""

    code = "inquiry.sent"


class LeadConvertedError(StateError):
    """A formal request was made from this lead already; it is counted once. `reference` is the request."""

    code = "inquiry.converted"


# --- outcomes ---


class OutcomeFieldError(InputError):
    """A field of an outcome is missing or cannot be so. Names the `field` and what was `read`."""

    code = "outcome.field"


class QuarterUnreadableError(InputError):
    """Not a quarter such as 2026Q4. Names the `field` and what was `read`."""

    code = "outcome.quarter"


class OutcomeAboutError(StateError):
    """Nothing has crossed in the exchange that an outcome, a feedback or a link would be about."""

    code = "outcome.about"


class OutcomeStateError(StateError):
    """The outcome is in another state than the step needs: `state` now, `allowed` steps."""

    code = "outcome.state"


class FeedbackNotOwedError(StateError):
    """No word on its use is owed for this exchange: it is not answered, was refused, or is not ours."""

    code = "outcome.feedback.not_owed"


class FeedbackGivenError(StateError):
    """What became of this answer has been said already."""

    code = "outcome.feedback.given"


class CaseLinkStateError(StateError):
    """The link is in another state than the step needs: `state` now."""

    code = "outcome.link.state"


# --- web and node ---


class OneTimeLinkRefusedError(PolicyError):
    """A one-time link that is spent, expired or unknown, or is asked for outside a demo on loopback."""

    code = "sign_in.link.refused"


class TenureNotHeldError(PolicyError):
    """The chosen post is not held by this person now."""

    code = "sign_in.post.not_held"


class ApiTokenRefusedError(PolicyError):
    """A call without a token, or with one that is unknown, expired, revoked, or whose holder may not act any more."""

    code = "api.token.refused"


class ApiTokenFieldError(InputError):
    """A token asked for without a name or a scope, or for longer than allowed. `field`, `days` (the most)."""

    code = "api.token.field"


class ApiScopeError(PolicyError):
    """The token was not made for this kind of call. `scope`."""

    code = "api.scope"


class ApiRightError(PolicyError):
    """The role of the token's holder does not open this call. `permission`."""

    code = "api.right"


class MailOffError(StateError):
    """This node sends no mail."""

    code = "mail.off"


class ApiRateError(PolicyError):
    """Too many calls in a minute, or too many refused ones. `most`."""

    code = "api.rate"


class ApiBodyError(InputError):
    """A body that is no JSON object, nests too deep, or holds characters that cannot be stored. `most` levels."""

    code = "api.body"


class ApiSizeError(InputError):
    """A body larger than this node takes. `most` in bytes."""

    code = "api.body.size"


class ApiLengthError(InputError):
    """A file sent without its length, or one that ended before it."""

    code = "api.body.length"


class ApiFieldError(InputError):
    """A field that cannot be read. `field`; every one is listed in `fields`."""

    code = "api.field"


class ApiMissingError(StateError):
    """Nothing at this address that the token's holder may see."""

    code = "api.missing"


class ApiMethodError(StateError):
    """An address that is called in another way than it is open for. `allowed` ways."""

    code = "api.method"


class ApiBrokenError(NodeError):
    """The node failed at a call; what failed is in its own log, never in the answer."""

    code = "api.broken"


class ApiRepeatError(StateError):
    """An Idempotency-Key that was used for another call, or that is malformed or missing."""

    code = "api.repeat"


class ApiOutdatedError(StateError):
    """The object has changed since it was read, or If-Match is missing."""

    code = "api.outdated"


# --- exchange: permission, recall, erasure, evidence ---


class RightsRoleError(PolicyError):
    """A decision about an item's rights by somebody whose role or post does not take it. `roles`."""

    code = "rights.role"


class ItemUnknownError(StateError):
    """No such item here, or none this post holds."""

    code = "item.unknown"


class ItemRecalledError(StateError):
    """Its sender has recalled the item: nobody may use it any more."""

    code = "item.recalled"


class ItemErasedError(StateError):
    """The item's content was erased when its time was over."""

    code = "item.erased"


class PermissionPostError(PolicyError):
    """A permission given, refused or withdrawn by a post that did not send the item. `post`."""

    code = "permission.post"


class PermissionUnknownError(StateError):
    """An answer to a request for permission that nobody here has made."""

    code = "permission.unknown"


class PermissionExpiredError(PolicyError):
    """A permission whose time is over. `until`."""

    code = "permission.expired"


class PermissionWiderError(PolicyError):
    """A permission for more than was asked. `field`."""

    code = "permission.wider"


class PermissionStateError(StateError):
    """A step that this permission does not allow now. `state`."""

    code = "permission.state"


class PermissionScopeError(InputError):
    """A permission without the scope its kind needs. `field`."""

    code = "permission.scope"


class PermissionOriginError(PolicyError):
    """The item comes from somebody else, who has not permitted this. `origin`, `reason`."""

    code = "permission.origin"


class RecallPostError(PolicyError):
    """A recall by a post that did not send the item. `post`."""

    code = "recall.post"


class HoldFieldError(InputError):
    """A legal hold without a known reason, or to be reviewed in the past. `field`."""

    code = "hold.field"


class FilingFieldError(InputError):
    """A court file without its court, or filed in the future. `field`."""

    code = "filing.field"


class EvidenceForbiddenError(PolicyError):
    """The item may not stand in a court file. `reason`; the ways out are `ways`."""

    code = "evidence.forbidden"


class DisclosureFieldError(InputError):
    """A duty of disclosure without its basis, or an objection without a known ground. `field`."""

    code = "disclosure.field"


class DisclosureNeedlessError(PolicyError):
    """A duty of disclosure declared for what may be filed anyhow: its marking or a permission allows it."""

    code = "disclosure.needless"


class DisclosureUntoldError(StateError):
    """A duty of disclosure was declared; who sent the item has not signed yet that it was told. `item`."""

    code = "disclosure.untold"


class DisclosureUnconfirmedError(StateError):
    """A duty of disclosure was declared and told; the second authorising person has not confirmed it. `item`."""

    code = "disclosure.unconfirmed"


class DisclosureSameError(PolicyError):
    """A duty of disclosure confirmed by the very person who declared it."""

    code = "disclosure.same_person"


class DisclosureObjectionError(StateError):
    """A duty of disclosure confirmed without having read the objection of who sent the item."""

    code = "disclosure.objection"


class DisclosureStateError(StateError):
    """A step that this duty of disclosure does not allow now. `state`."""

    code = "disclosure.state"


class DisclosureUnknownError(StateError):
    """An objection to a duty of disclosure that nobody here has declared to that post."""

    code = "disclosure.unknown"


class DutyFieldError(InputError):
    """A line of a duty roster without its day, in the past, or for somebody who does not serve there. `field`."""

    code = "duty.field"


class SubstituteFieldError(InputError):
    """A substitute that is no other post of the agency, or a silence out of bounds. `field`."""

    code = "substitute.field"


class DepartureFieldError(InputError):
    """A leaving without its day, its note or a successor of the agency. `field`."""

    code = "departure.field"


class DepartureStepError(StateError):
    """This step of a leaving is not open, or was taken before. `step`."""

    code = "departure.step"


class DeparturePostError(InputError):
    """A notice about a post that its sender is not. `post`."""

    code = "departure.post"


class OneOfficerAccordError(PolicyError):
    """The accord does not let one officer alone release this type at this urgency. `type`, `urgency`."""

    code = "one_officer.accord"


class OneOfficerDutyError(PolicyError):
    """Only who is on duty at the sending post releases alone. `post`."""

    code = "one_officer.duty"


class OneOfficerNeedsError(PolicyError):
    """More is needed than the one approval that a later review may replace. `needs`."""

    code = "one_officer.needs"


class OneOfficerReasonError(InputError):
    """A release by one officer without its reason. `field`."""

    code = "one_officer.reason"


class ReviewOwnError(PolicyError):
    """Who drafted or released it does not review the release."""

    code = "review.own"


class ReviewDoneError(StateError):
    """The release was reviewed before."""

    code = "review.done"


class ReviewTextError(InputError):
    """A release that is not upheld without a word why. `field`."""

    code = "review.text"


class GroupFieldError(InputError):
    """A field of a word about a group is missing or cannot be so: `field`, what was `read`."""

    code = "group.field"


class GroupGapsError(InputError):
    """The charter lacks what an approval needs: `field`, the first of them; `fields`, all with their codes."""

    code = "group.gaps"


class MeetingTimeError(InputError):
    """A meeting cannot be at that time, or this cannot be said of it at this time: `field`."""

    code = "group.meeting.time"


class MeetingTimeMissingError(InputError):
    """A local time the clocks pass over: `field`, what was `read`, the `zone`, the time it would be `instead`."""

    code = "group.meeting.time_missing"


class MeetingTimeTwiceError(InputError):
    """A local time that exists twice: `field`, what was `read`, the `zone`, the offsets of the `first` and `second`."""

    code = "group.meeting.time_twice"


class MeetingDayError(InputError):
    """A day on which somebody does not work: `field`, what was `read`, which `countries`."""

    code = "group.meeting.day"


class GroupHandlingError(PolicyError):
    """A line asks for another handling than the group's: `field`, the `level` of the charter."""

    code = "group.handling"


class GroupRoleError(PolicyError):
    """Another post says this for its side: `posts`."""

    code = "group.role"


class GroupWordError(StateError):
    """This cannot be said of the group now: `reason`, a code."""

    code = "group.word"


class GroupBaseError(GroupWordError):
    """The text this was written on is no longer the one that stands, or another one waits."""

    code = "group.base"


class GroupSaidError(GroupWordError):
    """This side has said so already."""

    code = "group.said"


class GroupEndedError(GroupWordError):
    """The group has ended, or is not there yet."""

    code = "group.ended"


class MeetingOffError(GroupWordError):
    """The meeting was canceled or moved, was not held, or has begun."""

    code = "group.meeting.off"


class MeetingGateError(GroupWordError):
    """The side's authorisation for this meeting is missing, or none is asked for."""

    code = "group.meeting.gate"


class GroupInformalError(GroupWordError):
    """A meeting without quorum decides nothing, and one before the charter promises nothing."""

    code = "group.informal"


class CommitmentStepError(GroupWordError):
    """The promise does not allow this step to this side now: `allowed`."""

    code = "group.commitment"
