"""Collation ids, names and character sets, as MySQL numbers them.

The client names its collation by id at login, columns are described by id, information_schema lists
them all. What a collation *does* is `btree.collations`; only few can be used for data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# name, most bytes a character, default collation, description
CHARACTER_SETS_TABLE: Final = """\
armscii8 1 armscii8_general_ci ARMSCII-8 Armenian
ascii 1 ascii_general_ci US ASCII
big5 2 big5_chinese_ci Big5 Traditional Chinese
binary 1 binary Binary pseudo charset
cp1250 1 cp1250_general_ci Windows Central European
cp1251 1 cp1251_general_ci Windows Cyrillic
cp1256 1 cp1256_general_ci Windows Arabic
cp1257 1 cp1257_general_ci Windows Baltic
cp850 1 cp850_general_ci DOS West European
cp852 1 cp852_general_ci DOS Central European
cp866 1 cp866_general_ci DOS Russian
cp932 2 cp932_japanese_ci SJIS for Windows Japanese
dec8 1 dec8_swedish_ci DEC West European
eucjpms 3 eucjpms_japanese_ci UJIS for Windows Japanese
euckr 2 euckr_korean_ci EUC-KR Korean
gb18030 4 gb18030_chinese_ci China National Standard GB18030
gb2312 2 gb2312_chinese_ci GB2312 Simplified Chinese
gbk 2 gbk_chinese_ci GBK Simplified Chinese
geostd8 1 geostd8_general_ci GEOSTD8 Georgian
greek 1 greek_general_ci ISO 8859-7 Greek
hebrew 1 hebrew_general_ci ISO 8859-8 Hebrew
hp8 1 hp8_english_ci HP West European
keybcs2 1 keybcs2_general_ci DOS Kamenicky Czech-Slovak
koi8r 1 koi8r_general_ci KOI8-R Relcom Russian
koi8u 1 koi8u_general_ci KOI8-U Ukrainian
latin1 1 latin1_swedish_ci cp1252 West European
latin2 1 latin2_general_ci ISO 8859-2 Central European
latin5 1 latin5_turkish_ci ISO 8859-9 Turkish
latin7 1 latin7_general_ci ISO 8859-13 Baltic
macce 1 macce_general_ci Mac Central European
macroman 1 macroman_general_ci Mac West European
sjis 2 sjis_japanese_ci Shift-JIS Japanese
swe7 1 swe7_swedish_ci 7bit Swedish
tis620 1 tis620_thai_ci TIS620 Thai
ucs2 2 ucs2_general_ci UCS-2 Unicode
ujis 3 ujis_japanese_ci EUC-JP Japanese
utf16 4 utf16_general_ci UTF-16 Unicode
utf16le 4 utf16le_general_ci UTF-16LE Unicode
utf32 4 utf32_general_ci UTF-32 Unicode
utf8mb3 3 utf8mb3_general_ci UTF-8 Unicode
utf8mb4 4 utf8mb4_0900_ai_ci UTF-8 Unicode
"""

# id, name, sort length, P for PAD SPACE or N for NO PAD
COLLATIONS_TABLE: Final = """\
1 big5_chinese_ci 1 P; 2 latin2_czech_cs 4 P; 3 dec8_swedish_ci 1 P; 4 cp850_general_ci 1 P;
5 latin1_german1_ci 1 P; 6 hp8_english_ci 1 P; 7 koi8r_general_ci 1 P; 8 latin1_swedish_ci 1 P;
9 latin2_general_ci 1 P; 10 swe7_swedish_ci 1 P; 11 ascii_general_ci 1 P; 12 ujis_japanese_ci 1 P;
13 sjis_japanese_ci 1 P; 14 cp1251_bulgarian_ci 1 P; 15 latin1_danish_ci 1 P;
16 hebrew_general_ci 1 P; 18 tis620_thai_ci 4 P; 19 euckr_korean_ci 1 P; 20 latin7_estonian_cs 1 P;
21 latin2_hungarian_ci 1 P; 22 koi8u_general_ci 1 P; 23 cp1251_ukrainian_ci 1 P;
24 gb2312_chinese_ci 1 P; 25 greek_general_ci 1 P; 26 cp1250_general_ci 1 P;
27 latin2_croatian_ci 1 P; 28 gbk_chinese_ci 1 P; 29 cp1257_lithuanian_ci 1 P;
30 latin5_turkish_ci 1 P; 31 latin1_german2_ci 2 P; 32 armscii8_general_ci 1 P;
33 utf8mb3_general_ci 1 P; 34 cp1250_czech_cs 2 P; 35 ucs2_general_ci 1 P; 36 cp866_general_ci 1 P;
37 keybcs2_general_ci 1 P; 38 macce_general_ci 1 P; 39 macroman_general_ci 1 P;
40 cp852_general_ci 1 P; 41 latin7_general_ci 1 P; 42 latin7_general_cs 1 P; 43 macce_bin 1 P;
44 cp1250_croatian_ci 1 P; 45 utf8mb4_general_ci 1 P; 46 utf8mb4_bin 1 P; 47 latin1_bin 1 P;
48 latin1_general_ci 1 P; 49 latin1_general_cs 1 P; 50 cp1251_bin 1 P; 51 cp1251_general_ci 1 P;
52 cp1251_general_cs 1 P; 53 macroman_bin 1 P; 54 utf16_general_ci 1 P; 55 utf16_bin 1 P;
56 utf16le_general_ci 1 P; 57 cp1256_general_ci 1 P; 58 cp1257_bin 1 P; 59 cp1257_general_ci 1 P;
60 utf32_general_ci 1 P; 61 utf32_bin 1 P; 62 utf16le_bin 1 P; 63 binary 1 N; 64 armscii8_bin 1 P;
65 ascii_bin 1 P; 66 cp1250_bin 1 P; 67 cp1256_bin 1 P; 68 cp866_bin 1 P; 69 dec8_bin 1 P;
70 greek_bin 1 P; 71 hebrew_bin 1 P; 72 hp8_bin 1 P; 73 keybcs2_bin 1 P; 74 koi8r_bin 1 P;
75 koi8u_bin 1 P; 76 utf8mb3_tolower_ci 1 P; 77 latin2_bin 1 P; 78 latin5_bin 1 P;
79 latin7_bin 1 P; 80 cp850_bin 1 P; 81 cp852_bin 1 P; 82 swe7_bin 1 P; 83 utf8mb3_bin 1 P;
84 big5_bin 1 P; 85 euckr_bin 1 P; 86 gb2312_bin 1 P; 87 gbk_bin 1 P; 88 sjis_bin 1 P;
89 tis620_bin 1 P; 90 ucs2_bin 1 P; 91 ujis_bin 1 P; 92 geostd8_general_ci 1 P; 93 geostd8_bin 1 P;
94 latin1_spanish_ci 1 P; 95 cp932_japanese_ci 1 P; 96 cp932_bin 1 P; 97 eucjpms_japanese_ci 1 P;
98 eucjpms_bin 1 P; 99 cp1250_polish_ci 1 P; 101 utf16_unicode_ci 8 P; 102 utf16_icelandic_ci 8 P;
103 utf16_latvian_ci 8 P; 104 utf16_romanian_ci 8 P; 105 utf16_slovenian_ci 8 P;
106 utf16_polish_ci 8 P; 107 utf16_estonian_ci 8 P; 108 utf16_spanish_ci 8 P;
109 utf16_swedish_ci 8 P; 110 utf16_turkish_ci 8 P; 111 utf16_czech_ci 8 P;
112 utf16_danish_ci 8 P; 113 utf16_lithuanian_ci 8 P; 114 utf16_slovak_ci 8 P;
115 utf16_spanish2_ci 8 P; 116 utf16_roman_ci 8 P; 117 utf16_persian_ci 8 P;
118 utf16_esperanto_ci 8 P; 119 utf16_hungarian_ci 8 P; 120 utf16_sinhala_ci 8 P;
121 utf16_german2_ci 8 P; 122 utf16_croatian_ci 8 P; 123 utf16_unicode_520_ci 8 P;
124 utf16_vietnamese_ci 8 P; 128 ucs2_unicode_ci 8 P; 129 ucs2_icelandic_ci 8 P;
130 ucs2_latvian_ci 8 P; 131 ucs2_romanian_ci 8 P; 132 ucs2_slovenian_ci 8 P;
133 ucs2_polish_ci 8 P; 134 ucs2_estonian_ci 8 P; 135 ucs2_spanish_ci 8 P; 136 ucs2_swedish_ci 8 P;
137 ucs2_turkish_ci 8 P; 138 ucs2_czech_ci 8 P; 139 ucs2_danish_ci 8 P; 140 ucs2_lithuanian_ci 8 P;
141 ucs2_slovak_ci 8 P; 142 ucs2_spanish2_ci 8 P; 143 ucs2_roman_ci 8 P; 144 ucs2_persian_ci 8 P;
145 ucs2_esperanto_ci 8 P; 146 ucs2_hungarian_ci 8 P; 147 ucs2_sinhala_ci 8 P;
148 ucs2_german2_ci 8 P; 149 ucs2_croatian_ci 8 P; 150 ucs2_unicode_520_ci 8 P;
151 ucs2_vietnamese_ci 8 P; 159 ucs2_general_mysql500_ci 1 P; 160 utf32_unicode_ci 8 P;
161 utf32_icelandic_ci 8 P; 162 utf32_latvian_ci 8 P; 163 utf32_romanian_ci 8 P;
164 utf32_slovenian_ci 8 P; 165 utf32_polish_ci 8 P; 166 utf32_estonian_ci 8 P;
167 utf32_spanish_ci 8 P; 168 utf32_swedish_ci 8 P; 169 utf32_turkish_ci 8 P;
170 utf32_czech_ci 8 P; 171 utf32_danish_ci 8 P; 172 utf32_lithuanian_ci 8 P;
173 utf32_slovak_ci 8 P; 174 utf32_spanish2_ci 8 P; 175 utf32_roman_ci 8 P;
176 utf32_persian_ci 8 P; 177 utf32_esperanto_ci 8 P; 178 utf32_hungarian_ci 8 P;
179 utf32_sinhala_ci 8 P; 180 utf32_german2_ci 8 P; 181 utf32_croatian_ci 8 P;
182 utf32_unicode_520_ci 8 P; 183 utf32_vietnamese_ci 8 P; 192 utf8mb3_unicode_ci 8 P;
193 utf8mb3_icelandic_ci 8 P; 194 utf8mb3_latvian_ci 8 P; 195 utf8mb3_romanian_ci 8 P;
196 utf8mb3_slovenian_ci 8 P; 197 utf8mb3_polish_ci 8 P; 198 utf8mb3_estonian_ci 8 P;
199 utf8mb3_spanish_ci 8 P; 200 utf8mb3_swedish_ci 8 P; 201 utf8mb3_turkish_ci 8 P;
202 utf8mb3_czech_ci 8 P; 203 utf8mb3_danish_ci 8 P; 204 utf8mb3_lithuanian_ci 8 P;
205 utf8mb3_slovak_ci 8 P; 206 utf8mb3_spanish2_ci 8 P; 207 utf8mb3_roman_ci 8 P;
208 utf8mb3_persian_ci 8 P; 209 utf8mb3_esperanto_ci 8 P; 210 utf8mb3_hungarian_ci 8 P;
211 utf8mb3_sinhala_ci 8 P; 212 utf8mb3_german2_ci 8 P; 213 utf8mb3_croatian_ci 8 P;
214 utf8mb3_unicode_520_ci 8 P; 215 utf8mb3_vietnamese_ci 8 P; 223 utf8mb3_general_mysql500_ci 1 P;
224 utf8mb4_unicode_ci 8 P; 225 utf8mb4_icelandic_ci 8 P; 226 utf8mb4_latvian_ci 8 P;
227 utf8mb4_romanian_ci 8 P; 228 utf8mb4_slovenian_ci 8 P; 229 utf8mb4_polish_ci 8 P;
230 utf8mb4_estonian_ci 8 P; 231 utf8mb4_spanish_ci 8 P; 232 utf8mb4_swedish_ci 8 P;
233 utf8mb4_turkish_ci 8 P; 234 utf8mb4_czech_ci 8 P; 235 utf8mb4_danish_ci 8 P;
236 utf8mb4_lithuanian_ci 8 P; 237 utf8mb4_slovak_ci 8 P; 238 utf8mb4_spanish2_ci 8 P;
239 utf8mb4_roman_ci 8 P; 240 utf8mb4_persian_ci 8 P; 241 utf8mb4_esperanto_ci 8 P;
242 utf8mb4_hungarian_ci 8 P; 243 utf8mb4_sinhala_ci 8 P; 244 utf8mb4_german2_ci 8 P;
245 utf8mb4_croatian_ci 8 P; 246 utf8mb4_unicode_520_ci 8 P; 247 utf8mb4_vietnamese_ci 8 P;
248 gb18030_chinese_ci 2 P; 249 gb18030_bin 1 P; 250 gb18030_unicode_520_ci 8 P;
255 utf8mb4_0900_ai_ci 0 N; 256 utf8mb4_de_pb_0900_ai_ci 0 N; 257 utf8mb4_is_0900_ai_ci 0 N;
258 utf8mb4_lv_0900_ai_ci 0 N; 259 utf8mb4_ro_0900_ai_ci 0 N; 260 utf8mb4_sl_0900_ai_ci 0 N;
261 utf8mb4_pl_0900_ai_ci 0 N; 262 utf8mb4_et_0900_ai_ci 0 N; 263 utf8mb4_es_0900_ai_ci 0 N;
264 utf8mb4_sv_0900_ai_ci 0 N; 265 utf8mb4_tr_0900_ai_ci 0 N; 266 utf8mb4_cs_0900_ai_ci 0 N;
267 utf8mb4_da_0900_ai_ci 0 N; 268 utf8mb4_lt_0900_ai_ci 0 N; 269 utf8mb4_sk_0900_ai_ci 0 N;
270 utf8mb4_es_trad_0900_ai_ci 0 N; 271 utf8mb4_la_0900_ai_ci 0 N; 273 utf8mb4_eo_0900_ai_ci 0 N;
274 utf8mb4_hu_0900_ai_ci 0 N; 275 utf8mb4_hr_0900_ai_ci 0 N; 277 utf8mb4_vi_0900_ai_ci 0 N;
278 utf8mb4_0900_as_cs 0 N; 279 utf8mb4_de_pb_0900_as_cs 0 N; 280 utf8mb4_is_0900_as_cs 0 N;
281 utf8mb4_lv_0900_as_cs 0 N; 282 utf8mb4_ro_0900_as_cs 0 N; 283 utf8mb4_sl_0900_as_cs 0 N;
284 utf8mb4_pl_0900_as_cs 0 N; 285 utf8mb4_et_0900_as_cs 0 N; 286 utf8mb4_es_0900_as_cs 0 N;
287 utf8mb4_sv_0900_as_cs 0 N; 288 utf8mb4_tr_0900_as_cs 0 N; 289 utf8mb4_cs_0900_as_cs 0 N;
290 utf8mb4_da_0900_as_cs 0 N; 291 utf8mb4_lt_0900_as_cs 0 N; 292 utf8mb4_sk_0900_as_cs 0 N;
293 utf8mb4_es_trad_0900_as_cs 0 N; 294 utf8mb4_la_0900_as_cs 0 N; 296 utf8mb4_eo_0900_as_cs 0 N;
297 utf8mb4_hu_0900_as_cs 0 N; 298 utf8mb4_hr_0900_as_cs 0 N; 300 utf8mb4_vi_0900_as_cs 0 N;
303 utf8mb4_ja_0900_as_cs 0 N; 304 utf8mb4_ja_0900_as_cs_ks 24 N; 305 utf8mb4_0900_as_ci 0 N;
306 utf8mb4_ru_0900_ai_ci 0 N; 307 utf8mb4_ru_0900_as_cs 0 N; 308 utf8mb4_zh_0900_as_cs 0 N;
309 utf8mb4_0900_bin 1 N; 310 utf8mb4_nb_0900_ai_ci 0 N; 311 utf8mb4_nb_0900_as_cs 0 N;
312 utf8mb4_nn_0900_ai_ci 0 N; 313 utf8mb4_nn_0900_as_cs 0 N; 314 utf8mb4_sr_latn_0900_ai_ci 0 N;
315 utf8mb4_sr_latn_0900_as_cs 0 N; 316 utf8mb4_bs_0900_ai_ci 0 N; 317 utf8mb4_bs_0900_as_cs 0 N;
318 utf8mb4_bg_0900_ai_ci 0 N; 319 utf8mb4_bg_0900_as_cs 0 N; 320 utf8mb4_gl_0900_ai_ci 0 N;
321 utf8mb4_gl_0900_as_cs 0 N; 322 utf8mb4_mn_cyrl_0900_ai_ci 0 N;
323 utf8mb4_mn_cyrl_0900_as_cs 0 N
"""


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """A character set. `codec` is Python's name for it, "" when Python has none."""

    name: str
    max_bytes: int
    default_collation: str
    description: str
    codec: str


@dataclass(frozen=True, slots=True)
class Collation:
    """A collation by its id on the wire."""

    id: int
    name: str
    charset: CharacterSet
    sort_length: int
    pads: bool

    @property
    def is_default(self) -> bool:
        return self.charset.default_collation == self.name


_CODECS: Final = {
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "latin1": "cp1252",
    "ascii": "ascii",
    "binary": "latin-1",
    "ucs2": "utf-16-be",
    "utf16": "utf-16-be",
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
    "latin2": "iso8859-2",
    "latin5": "iso8859-9",
    "latin7": "iso8859-13",
    "greek": "iso8859-7",
    "hebrew": "iso8859-8",
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
    "ujis": "euc-jp",
    "eucjpms": "euc-jp",
    "sjis": "shift-jis",
    "euckr": "euc-kr",
    "tis620": "tis-620",
    "big5": "big5",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "macroman": "mac-roman",
    "macce": "mac-latin2",
    "cp850": "cp850",
    "cp852": "cp852",
    "cp866": "cp866",
    "cp932": "cp932",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1256": "cp1256",
    "cp1257": "cp1257",
}


def _character_sets() -> dict[str, CharacterSet]:
    made = {}
    for line in CHARACTER_SETS_TABLE.splitlines():
        name, size, default, description = line.split(" ", 3)
        made[name] = CharacterSet(name, int(size), default, description, _CODECS.get(name, ""))
    return made


def _collations() -> dict[int, Collation]:
    made = {}
    for entry in COLLATIONS_TABLE.replace("\n", "").split(";"):
        number, name, sort_length, padding = entry.split()
        charset = CHARACTER_SETS[name.split("_", 1)[0]]
        made[int(number)] = Collation(int(number), name, charset, int(sort_length), padding == "P")
    return made


CHARACTER_SETS: Final[dict[str, CharacterSet]] = _character_sets()
COLLATIONS: Final[dict[int, Collation]] = _collations()
BY_NAME: Final[dict[str, Collation]] = {row.name: row for row in COLLATIONS.values()}

DEFAULT_ID: Final = 255


def collation_of_login(number: int) -> Collation:
    """The collation a client asked for at login; an id nobody knows means the server's default."""
    return COLLATIONS.get(number, COLLATIONS[DEFAULT_ID])


def default_collation(charset: str) -> Collation:
    """A character set's default collation; KeyError for an unknown name ("utf8" is utf8mb3)."""
    name = charset.lower()
    return BY_NAME[CHARACTER_SETS["utf8mb3" if name == "utf8" else name].default_collation]
