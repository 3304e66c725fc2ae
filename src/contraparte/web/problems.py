"""The words of every refusal that comes from the pages or from the rooms below them."""

from contraparte.web.registry import Problem
from contraparte.web.words import api, directory, exchange, files, ledger, pages, protocol

PROBLEMS: dict[str, Problem] = {
    **protocol.WORDS,
    **directory.WORDS,
    **ledger.WORDS,
    **exchange.WORDS,
    **files.WORDS,
    **pages.WORDS,
    **api.WORDS,
}
