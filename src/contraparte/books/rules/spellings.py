"""How brands, calibres and types are spelled in books, on forms and by officers: one table each, as data.

Common knowledge of the trade, gathered by hand and not from one source; a spelling that is missing only makes two
descriptions agree less, never wrongly more. Keys are the canonical names; comparison is without accents, case,
blanks and punctuation (`descriptions.py`).
"""

from typing import Final

MAKERS: Final[dict[str, str]] = {
    "Aero Precision": "aero",
    "American Tactical": "ati|american tactical imports",
    "Anderson": "anderson manufacturing|am15",
    "Armscor": "rock island|rock island armory|ria|arms corporation of the philippines",
    "Arsenal": "arsenal bulgaria|arsenal ad",
    "Barrett": "barrett firearms",
    "Benelli": "benelli armi",
    "Beretta": "pietro beretta|p beretta|fabbrica d armi pietro beretta|beretta usa|bereta|berreta|baretta",
    "Bersa": "",
    "Browning": "browning arms|brownin",
    "Bryco": "bryco arms",
    "Bushmaster": "",
    "Canik": "canik55|samsun yurt savunma",
    "Century Arms": "century|century international|century international arms|cai|century arms international",
    "Charter Arms": "charter 2000",
    "Cobra": "cobra enterprises",
    "Colt": "colts|colts mfg|colts manufacturing|colts patent firearms|colt patent|kolt|col",
    "CZ": "ceska zbrojovka|ceska|cz usa|brno|cesca",
    "Daniel Defense": "daniel defence",
    "Del-Ton": "delton",
    "Diamondback": "",
    "DPMS": "dpms panther arms|panther arms",
    "FN": "fnh|fn herstal|fabrique nationale|fabrique nationale herstal|fnh usa|fn america|f n",
    "Glock": "glok|glock ges|glock austria|clock|gloc|glock inc",
    "Girsan": "",
    "Harrington & Richardson": "h&r|hr|h and r|harrington richardson|h&r 1871",
    "Heckler & Koch": "hk|h&k|h and k|heckler koch|heckler und koch|hecler koch",
    "Henry": "henry repeating arms|henry rac",
    "Heritage": "heritage manufacturing",
    "Hi-Point": "hi point|highpoint|hipoint|beemiller|mks supply",
    "High Standard": "hi standard",
    "HS Produkt": "hs product",
    "Ithaca": "ithaca gun",
    "IWI": "imi|israel weapon industries|israel military industries",
    "Izhmash": "saiga|izhevsk|kalashnikov concern|baikal",
    "Jimenez": "jimenez arms|ja nine",
    "Kel-Tec": "keltec|kel tec cnc",
    "Kimber": "kimber america",
    "Llama": "llama gabilondo|gabilondo",
    "Lorcin": "lorcin engineering",
    "Magnum Research": "desert eagle",
    "Marlin": "marlin firearms",
    "Mauser": "",
    "Maverick": "maverick arms|maverick by mossberg",
    "Mendoza": "productos mendoza|mendosa",
    "Mossberg": "of mossberg|o f mossberg and sons|mossberg and sons|mosberg|mossburg",
    "North American Arms": "naa",
    "Norinco": "poly technologies|polytech|china north industries",
    "Palmetto State Armory": "psa|palmetto",
    "Para-Ordnance": "para ordnance|para usa|para",
    "Phoenix": "phoenix arms",
    "Radical": "radical firearms",
    "Raven": "raven arms",
    "Remington": "remington arms|rem|remigton|remington outdoor",
    "Romarm": "romarm cugir|cugir|romarms|wasr|sc romarm",
    "Rossi": "amadeo rossi|braztech",
    "Ruger": "sturm ruger|sturm ruger and co|sturm|rugger|rugar",
    "Sarsilmaz": "sar|sar arms|sar usa",
    "Savage": "savage arms|stevens|savage stevens",
    "SCCY": "sccy industries",
    "SIG Sauer": "sig|sigarms|sig arms|sig sauer exeter|sauer|sigsauer|zig sauer|sig sawer",
    "Smith & Wesson": "s&w|sw|s and w|smith|smith wesson|smith and weson|smith y wesson|smit wesson",
    "Springfield": "springfield armory|springfield armory geneseo|springfield inc|sprinfield|springfeld",
    "Staccato": "sti|sti international",
    "Star": "star bonifacio echeverria|bonifacio echeverria",
    "Stoeger": "stoeger industries",
    "Taurus": "forjas taurus|taurus armas|taurus international|taurus brazil|tauro|taurus brasil|pt taurus",
    "Tisas": "trabzon silah|sds imports|zigana",
    "Trejo": "armas trejo",
    "Uberti": "a uberti|aldo uberti",
    "Walther": "carl walther|walter|interarms walther",
    "Wilson Combat": "",
    "Winchester": "winchester repeating arms|us repeating arms|usrac|winchester olin|winchister",
    "Zastava": "zastava arms|crvena zastava|m70 zastava",
}

CALIBERS: Final[dict[str, str]] = {
    "9x19": "9mm|9 para|9mm parabellum|parabellum|9 parabellum|9 luger|9mm luger|9mm nato|9x19mm|9x19 parabellum|9 nato"
    "|luger|9 mm para|9 mm p|9mm p|9p|nueve milimetros|9 milimetros",
    "9x18": "9 makarov|9mm makarov|makarov|9x18 makarov",
    ".380 ACP": "380|380 auto|9 corto|9mm corto|9 short|9mm short|9x17|9mm kurz|9 kurz|380acp|9mm browning court|3 80",
    ".38 Super": "38 super|38 super auto|38 super automatic|9x23sr|super 38|38 sup",
    ".38 Special": "38 special|38|38 spl|38 esp|38 especial|38 s and w special|38spl|38 spc|9x29r",
    ".357 Magnum": "357|357 mag|357 magnum|357mag|9x33r",
    ".357 SIG": "357 sig|357sig",
    ".40 S&W": "40|40 sw|40 s and w|40 smith wesson|40 auto|10x22",
    "10mm Auto": "10mm|10 mm auto|10 auto|10x25",
    ".45 ACP": "45|45 auto|45 acp|45acp|45 automatica|45 automatic|11 43|11 43x23|11 25",
    ".45 Colt": "45 colt|45 long colt|45 lc|45lc",
    ".44 Magnum": "44|44 mag|44 magnum|44 rem mag|44mag",
    ".454 Casull": "454|454 casull",
    ".50 AE": "50 ae|50 action express|50ae",
    ".22 LR": "22|22 lr|22lr|22 long rifle|22 l r|22 largo|5 6|22 rifle largo|22 long",
    ".22 WMR": "22 wmr|22 magnum|22 mag|22 win mag|22 winchester magnum",
    ".17 HMR": "17|17 hmr|17hmr",
    ".25 ACP": "25|25 auto|25 acp|6 35|6 35mm|635|6 35 browning",
    ".32 ACP": "32|32 auto|32 acp|7 65|7 65mm|7 65x17|765|7 65 browning",
    ".30 Luger": "7 65 parabellum|7 65 luger|30 luger",
    ".30 Carbine": "30 carbine|30 m1|30 m1 carbine|30 carabina",
    "7.62x25": "7 62 tokarev|tokarev|7 62x25 tokarev",
    "5.7x28": "5 7|57x28|5 7 x 28|5 7 fn|mata policias|fn 57",
    "4.6x30": "4 6x30 hk",
    "5.56x45": "5 56|556|5 56 nato|5 56mm|556 nato|223|223 rem|223 remington|223 wylde|5 56 x 45 nato"
    "|223 5 56|5 56 223",
    ".300 Blackout": "300 blackout|300 blk|300 aac|300 aac blackout|7 62x35",
    "5.45x39": "5 45|5 45 x 39",
    "7.62x39": "7 62 x 39|762x39|7 62x39mm|7 62 soviet|cuerno de chivo|7 62 ak|7 62 corto|7 62 x39",
    "7.62x51": "7 62 nato|308|308 win|308 winchester|7 62 x 51 nato|762x51|7 62 nato 308|7 62x51mm",
    "7.62x54R": "7 62x54|7 62x54r|7 62 x 54|7 62 russian",
    ".30-06": "30 06|3006|30 06 springfield|30 06 sprg|7 62x63|30 06 spr",
    ".30-30": "30 30|3030|30 30 win|30 30 winchester|30wcf",
    ".270 Winchester": "270|270 win",
    ".243 Winchester": "243|243 win",
    ".300 Win Mag": "300 win mag|300 winchester magnum|300 wm",
    ".338 Lapua": "338|338 lapua|338 lm|338 lapua magnum",
    "6.5 Creedmoor": "6 5 creedmoor|6 5 cm|6 5 creed",
    "6.8 SPC": "6 8 spc|6 8 rem spc",
    ".450 Bushmaster": "450 bushmaster",
    ".50 BMG": "50|50 bmg|12 7x99|12 7|50 browning|12 7 x 99|calibre cincuenta|50 barrett",
    "12 gauge": "12|12 ga|12 gauge|12ga|12 g|doce|12x70|12 70|12 76",
    "16 gauge": "16|16 ga|16ga|16 gauge",
    "20 gauge": "20|20 ga|20ga|20 gauge",
    "28 gauge": "28|28 ga|28ga|28 gauge",
    ".410 bore": "410|410 ga|410 bore|410 gauge|36 410",
    "40 mm": "40x46|40mm|40 mm grenade|40x46mm",
}

# A calibre that leaves open which cartridge is meant: to be mended before a trace is sent (S6: calibre "9").
AMBIGUOUS_CALIBERS: Final[dict[str, tuple[str, ...]]] = {
    "9": ("9x19", ".380 ACP", "9x18"),
    "762": ("7.62x39", "7.62x51", "7.62x25"),
    "30": (".30-06", ".30-30", ".30 Carbine"),
    "300": (".300 Blackout", ".300 Win Mag"),
    "65": ("6.5 Creedmoor",),
}

# Cartridges that one gun takes, or that are confused so often that a difference says little.
NEAR_CALIBERS: Final[tuple[frozenset[str], ...]] = (
    frozenset({".38 Special", ".357 Magnum"}),
    frozenset({"9x19", ".380 ACP", "9x18", ".38 Super"}),
    frozenset({".45 ACP", ".45 Colt"}),
    frozenset({".22 LR", ".22 WMR"}),
    frozenset({"7.62x39", "7.62x51"}),
    frozenset({"5.56x45", ".300 Blackout"}),
    frozenset({".40 S&W", "10mm Auto"}),
)

# NCIC type, first character (shared/data/trace/ncic_gun_type_codes.csv) → English | Spanish words.
TYPE_CODES: Final[dict[str, str]] = {
    "A": "cannon|canon",
    "B": "submachine gun|machine pistol|smg|subametralladora|sub ametralladora|subfusil|submachinegun",
    "C": "rifle shotgun combination|combination|combination gun|combinada|drilling",
    "D": "disguised gun|arma disfrazada|pen gun|pluma",
    "E": "electric shock gun|taser|arma electrica",
    "F": "ammunition|municion|cartuchos",
    "G": "grenade|granada",
    "H": "bomb|bomba",
    "I": "mine|mina",
    "J": "missile|misil",
    "K": "rocket|cohete|rocket launcher|lanzacohetes",
    "M": "machine gun|ametralladora|machinegun",
    "O": "mortar|mortero",
    "P": "pistol|pistola|revolver|handgun|derringer|semi automatic pistol|semiautomatic pistol|pistola semiautomatica"
    "|arma corta|escuadra|pistola escuadra|pi|pr|prv|rev",
    "Q": "shotgun pistol|pistola escopeta",
    "R": "rifle|carbine|fusil|carabina|semi automatic rifle|rifle semiautomatico|fusil de asalto|long gun"
    "|cuerno de chivo|ar 15|ak 47|arma larga|rifle receiver",
    "S": "shotgun|escopeta|semi automatic shotgun|pump shotgun",
    "V": "silencer|muffler|suppressor|sound moderator|silenciador|supresor",
    "Z": "other|otro|otra|miscellaneous|any other weapon|aow|destructive device|receiver"
    "|receiver frame|receiver or frame|frame|frame receiver|lower receiver",
}

# Words of companies' legal forms, which books write or leave out at will.
LEGAL_WORDS: Final[frozenset[str]] = frozenset(
    {"INC", "INCORPORATED", "CO", "COMPANY", "CORP", "CORPORATION", "LLC", "LTD", "LIMITED", "LP", "SA", "CV", "SPA"}
    | {"SRL", "GMBH", "AG", "KG", "AS", "DD", "NV", "PLC", "THE", "DE", "OF", "MFG", "MANUFACTURING", "FIREARMS"}
    | {"ARMS", "USA", "US"}
)
