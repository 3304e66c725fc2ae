"""The country a gun was made in, from what is stamped on it or typed: ISO 3166 two letters, lower case.

A table of the countries that make guns, in English and Spanish, as data; gathered by hand. A two-letter code is taken
as it is; an unknown word reads as nothing and is named as a gap.
"""

from contraparte.books.rules.descriptions import compact

_SPELLINGS = {
    "ar": "argentina|ind argentina|industria argentina",
    "at": "austria|made in austria",
    "be": "belgium|belgica|belgique",
    "bg": "bulgaria",
    "br": "brazil|brasil|made in brazil|industria brasileira",
    "ca": "canada",
    "ch": "switzerland|suiza|swiss",
    "cn": "china|prc|made in china|republica popular china",
    "cz": "czech republic|czechia|republica checa|chequia|checoslovaquia|czechoslovakia",
    "de": "germany|alemania|made in germany|w germany|west germany",
    "eg": "egypt|egipto",
    "es": "spain|espana|made in spain",
    "fi": "finland|finlandia",
    "fr": "france|francia",
    "gb": "united kingdom|england|reino unido|inglaterra|great britain|uk",
    "hr": "croatia|croacia",
    "hu": "hungary|hungria",
    "il": "israel",
    "it": "italy|italia|made in italy",
    "jp": "japan|japon",
    "kr": "south korea|korea|corea del sur|corea",
    "mx": "mexico|hecho en mexico|mex|estados unidos mexicanos",
    "ph": "philippines|filipinas|made in the philippines",
    "pl": "poland|polonia",
    "ro": "romania|rumania|rumana",
    "rs": "serbia|yugoslavia",
    "ru": "russia|rusia|urss|ussr|made in russia",
    "se": "sweden|suecia",
    "tr": "turkey|turquia|turkiye|made in turkey",
    "ua": "ukraine|ucrania",
    "us": "usa|united states|estados unidos|eua|eeuu|united states of america|estados unidos de america|made in usa",
}
COUNTRIES = frozenset(_SPELLINGS)
_BY_WORD = {compact(word): code for code, words in _SPELLINGS.items() for word in (code, *words.split("|"))}


def read_country(text: str) -> str:
    """The code of a country as typed, or "" where it cannot be read."""
    key = compact(text)
    if key in _BY_WORD:
        return _BY_WORD[key]
    return key.lower() if len(key) == 2 and key.isalpha() else ""
