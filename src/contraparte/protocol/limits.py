"""Every bound on foreign input, with its unit and its reason. Checked before bytes become values (P2.5).

A bound is part of the protocol: raising one needs an accord of both sides, because a message that one side may
send the other must be able to read.
"""

from typing import Final

# --- JSON in general ---
JSON_DEPTH: Final = 24
"""Levels. A payload nests 6 deep at most; the rest is room for types to come, far below any parser's stack."""
JSON_KEY_CHARS: Final = 128
"""Characters of one member name. Also keeps JSON pointers short enough to show."""
JSON_NUMBER: Final = 2**53 - 1
"""Absolute value of a number, whole or not: beyond it readers in other languages lose digits (RFC 7493, 2.2)."""
JSON_NUMBER_CHARS: Final = 32
"""Characters of one number as written: refuses a megabyte of digits before it is converted."""

# --- identifiers ---
SLUG_CHARS: Final = 40
"""Characters of an agency's or post's slug: they stand in table cells and file names."""
KID_CHARS: Final = 80
"""Characters of a key id: 2 + 1 + 40 (agency) + 1 + 9 (purpose) + 1 + 16 (fingerprint), rounded up."""
TYPE_CHARS: Final = 80
"""Characters of a message type `noun.verb/version`."""

# --- JWS ---
JWS_HEADER_BYTES: Final = 512
"""Bytes of an encoded protected header: alg, typ and kid only."""

# --- marking ---
MARKING_ITEMS: Final = 64
"""Entries of a marking's set of codes, purposes or circle: a circle names agencies and posts, not persons."""
MARKING_ITEM_CHARS: Final = 120
"""Characters of one such entry."""
MARKING_TEXT_CHARS: Final = 4000
"""Characters of a handling text, also after combining: one page that a reader still reads."""
MARKING_EXTRA: Final = 32
"""Unknown members of a marking that are kept and carried."""

# --- message ---
PRESENTATION_BYTES: Final = 256 * 1024
"""Bytes of one presentation, disclosures included. Longer things are attachments."""
DISCLOSURES: Final = 2048
"""Disclosures of one presentation: an event with forty guns and forty fields each fits."""
DISCLOSURE_BYTES: Final = 64 * 1024
"""Bytes of one encoded disclosure: a field holds a statement of some pages, not a file."""
DIGESTS: Final = 2 * DISCLOSURES
"""Digests in one presentation: those disclosed, those dropped for onward use, and decoys (RFC 9901, 4.2.5)."""
WITHHELD: Final = 512
"""Entries in the list of what is withheld."""
REASON_CHARS: Final = 200
"""Characters of the reason beside a withheld pointer: one sentence or a policy's id."""
POINTER_CHARS: Final = 512
"""Characters of a JSON pointer."""
ATTACHMENTS: Final = 64
"""Attachments of one message."""
EXTRA_MEMBERS: Final = 64
"""Unknown top-level members that are kept and carried (invariant 9)."""
CREATED_AHEAD_S: Final = 5 * 60
"""Seconds that `created` may lie ahead of the reader's clock (P4.4)."""
CREATED_BEHIND_S: Final = 30 * 24 * 3600
"""Seconds that `created` may lie behind the reader's clock (P4.4): days of outage, not replays of old years."""

# --- envelope ---
HEADER_BYTES: Final = 16 * 1024
"""Bytes of an envelope header: fixed members and hash and size of at most 64 attachments."""
SEAL_OVERHEAD_BYTES: Final = 1136
"""Bytes that sealing adds: X-Wing encapsulation (1120) and AES-256-GCM tag (16)."""
CIPHERTEXT_BYTES: Final = PRESENTATION_BYTES + SEAL_OVERHEAD_BYTES
"""Bytes of a sealed presentation."""
SIGNATURE_BYTES: Final = 1024
"""Bytes of a detached JWS: its encoded header, two dots and 86 characters."""

# --- attachments (P3.5) ---
ATTACHMENT_BYTES: Final = 2**40
"""Bytes of one file in clear, 1 TiB: the image of a large disk. No memory depends on it, only room on a disk."""
ATTACHMENT_PIECE_BYTES: Final = 4 * 1024 * 1024
"""Bytes of ciphertext in one request: what is lost by a cut, and what both sides hold in memory at a time."""
ATTACHMENT_NAME_CHARS: Final = 200
"""Characters of a file's name: file systems take 255 bytes, and four-byte characters are rare in names."""
ATTACHMENT_TYPE_CHARS: Final = 127
"""Characters of a media type; RFC 6838, 4.2 bounds each half of one to 127, and those in use are far shorter."""
ATTACHMENT_NUMBER: Final = 2**32 - 1
"""The largest number of a file within its message: four bytes of the cipher's context."""

# --- batch of envelopes ---
BATCH_ENVELOPES: Final = 256
"""Envelopes in one HTTP request: one commit and one fsync carry so many, and a worker holds them in memory."""
BATCH_BYTES: Final = 16 * 1024 * 1024
"""Bytes of one batch: what a small node can hold twice while it verifies."""

# --- receipts ---
STATEMENT_BYTES: Final = 2048
"""Bytes of one receipt statement."""
CODE_CHARS: Final = 80
"""Characters of a coded refusal."""
ORIGIN_CHARS: Final = 255
"""Characters of a log's origin line."""
RECEIPTS: Final = 1024
"""Receipts under one signature and in one answer: answers also carry those of earlier batches."""
RECEIPT_PATH: Final = 10
"""Hashes of a Merkle path over that many receipts: log2(1024)."""
RECEIPT_HEAD_BYTES: Final = 1024
"""Bytes of the JWS over a receipt batch's root."""
RECEIPTS_BYTES: Final = 4 * 1024 * 1024
"""Bytes of one answer with receipts."""

# --- requests between nodes ---
REQUEST_SIGNATURE_S: Final = 300
"""Seconds between a request's `created` and the reader's clock, either way: the replay window to remember nonces in."""
REQUEST_HEADER_CHARS: Final = 1024
"""Characters of each signature header field."""
REQUEST_URL_CHARS: Final = 2048
"""Characters of a signed target URI."""

# --- transparency log (P5) ---
LEAF_BYTES: Final = 300
"""Bytes of a ledger leaf (P5.1): no content fits, and a full entry bundle stays below 80 KiB."""
LEAF_REFERENCES: Final = 4
"""Hashes a leaf may cite; with four of them every other field still fits LEAF_BYTES."""
RETENTION_CHARS: Final = 16
"""ASCII characters of a retention class in a leaf: a code from the accord, not a text."""
NOTE_BYTES: Final = 64 * 1024
"""Bytes of a signed note: a checkpoint with every signature NOTE_SIGNATURES allows is far smaller."""
NOTE_SIGNATURES: Final = 64
"""Signature lines of a note; C2SP signed-note asks readers to accept at least 16."""
CONSISTENCY_LINES: Final = 63
"""Hashes in a witness request, the bound of C2SP tlog-witness."""
PROOF_EXTRA_BYTES: Final = 16 * 1024
"""Bytes of opaque data in a proof file: one leaf, with room for what other tools put there."""
TRUST_POLICY_BYTES: Final = 64 * 1024
"""Bytes of a file of trusted logs and witnesses."""
TRUST_POLICY_NAMES: Final = 256
"""Logs, witnesses and groups in such a file together; C2SP tlog-policy recommends at least 32 of each."""
TILE_BYTES: Final = 256 * 32
"""Bytes of a full tile of hashes (C2SP tlog-tiles)."""
BUNDLE_BYTES: Final = 256 * (2 + LEAF_BYTES)
"""Bytes of a full entry bundle of this protocol's leaves."""
MIRROR_BUNDLES: Final = 64
"""Entry bundles one mirroring round fetches before it commits and lets others at the database: 16,384 leaves."""

# --- directory ---
DIRECTORY_TARGET_BYTES: Final = 16 * 1024 * 1024
"""Bytes of one target file: 5,000 agencies with five keys each, one of them post-quantum, are about 12 MB."""
DIRECTORY_TARGETS: Final = 2_000
"""Target files of one country: three registers, its accords, its statements of suspension over the years."""
DIRECTORY_METADATA_BYTES: Final = 1024 * 1024
"""Bytes of one TUF metadata file: 2,000 targets with length and hash are about 400 kB."""
ACCORD_BYTES: Final = 1024 * 1024
"""Bytes of one accord: 200 types with texts in two languages are about 200 kB."""
ACCORD_ENTRIES: Final = 1_000
"""Entries of any one list in an accord."""
SIGNED_DOCUMENT_BYTES: Final = 3 * 512 * 1024
"""Bytes of a document with its signatures beside it: an accord in base64 and eight signatures."""
SUSPENSION_BYTES: Final = 16 * 1024
"""Bytes of a statement of suspension: it has no free text; the room is for fields to come."""
LINEAGE_BYTES: Final = 1024 * 1024
"""Bytes of a change of agency: some thousand posts, each with who takes its work."""
LINEAGE_STATEMENTS: Final = 200
"""What one country may publish of what was said of one version of a change of agency."""
DIRECTORY_REFRESH_BYTES: Final = 3 * DIRECTORY_TARGET_BYTES
"""Bytes of everything fetched in one refresh: what a small node can hold once in memory."""

# --- pouches carried by hand (P4.5) ---
POUCH_MANIFEST_BYTES: Final = 1024 * 1024
"""Bytes of a pouch's signed manifest: 4,096 parts are about 700 kB."""
POUCH_PARTS: Final = 4096
"""Parts of a pouch: a million envelopes, more than a node cut off for a year has waiting."""
POUCH_RECEIPTS: Final = 65_536
"""Receipts in one pouch: an answer names those it refuses by their places, and its manifest has to hold them."""
POUCH_FILES: Final = 4096
"""Files in one part with signed metadata: DIRECTORY_TARGETS and the roots of some centuries."""
POUCH_NAME_CHARS: Final = 255
"""Characters of the name of such a file."""

# --- evidence packages ---
PACKAGE_FILE_BYTES: Final = DIRECTORY_TARGET_BYTES
"""Bytes of one file of a package: the largest is a register of keys."""
PACKAGE_FILES: Final = 20_000
"""Files of a package: a thousand messages with twenty files each."""
PACKAGE_MANIFEST_BYTES: Final = 16 * 1024 * 1024
"""Bytes of the list of a package's files."""
