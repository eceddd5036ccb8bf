#include "indexer/build/product_values.h"

struct spelling {
    const char *text; /* ASCII in lower case */
    const char code[4];
};

static const struct spelling spellings[] = {{"$", "USD"},
                                            {"us$", "USD"},
                                            {"usd$", "USD"},
                                            {"u$s", "USD"},
                                            {"dollars", "USD"},
                                            {"a$", "AUD"},
                                            {"au$", "AUD"},
                                            {"ca$", "CAD"},
                                            {"c$", "CAD"},
                                            {"hk$", "HKD"},
                                            {"nz$", "NZD"},
                                            {"s$", "SGD"},
                                            {"nt$", "TWD"},
                                            {"r$", "BRL"},
                                            {"mx$", "MXN"},
                                            {"\xe2\x82\xac", "EUR"},
                                            {"euro", "EUR"},
                                            {"euros", "EUR"},
                                            {"\xc2\xa3", "GBP"},
                                            {"\xc2\xa5", "JPY"},
                                            {"\xef\xbf\xa5", "JPY"}, /* of full width, and so are the next */
                                            {"\xef\xbc\x84", "USD"},
                                            {"\xef\xbf\xa1", "GBP"},
                                            {"\xef\xbf\xa6", "KRW"},
                                            {"\xe5\x86\x86", "JPY"},
                                            {"\xe5\x85\x83", "CNY"},
                                            {"rmb", "CNY"},
                                            {"\xe2\x82\xa9", "KRW"},
                                            {"\xec\x9b\x90", "KRW"},
                                            {"\xe2\x82\xb9", "INR"},
                                            {"rs", "INR"},
                                            {"rs.", "INR"},
                                            {"\xe2\x82\xba", "TRY"},
                                            {"tl", "TRY"},
                                            {"\xe2\x82\xbd", "RUB"},
                                            {"rur", "RUB"},
                                            {"\xd1\x80\xd1\x83\xd0\xb1", "RUB"},
                                            {"\xd1\x80\xd1\x83\xd0\xb1.", "RUB"},
                                            {"\xd1\x80.", "RUB"},
                                            {"\xd1\x80", "RUB"},
                                            {"\xe2\x82\xb4", "UAH"},
                                            {"\xd0\xb3\xd1\x80\xd0\xbd", "UAH"},
                                            {"\xd0\xb3\xd1\x80\xd0\xbd.", "UAH"},
                                            {"k\xc4\x8d", "CZK"},
                                            {"kc", "CZK"},
                                            {"z\xc5\x82", "PLN"},
                                            {"zl", "PLN"},
                                            {"ft", "HUF"},
                                            {"ft.", "HUF"},
                                            {"lei", "RON"},
                                            {"\xd0\xbb\xd0\xb2", "BGN"},
                                            {"\xd0\xbb\xd0\xb2.", "BGN"},
                                            {"sr", "SAR"},
                                            {"fr", "CHF"},
                                            {"fr.", "CHF"},
                                            {"sfr", "CHF"},
                                            {"sfr.", "CHF"},
                                            {"\xe2\x82\xaa", "ILS"},
                                            {"\xe0\xb8\xbf", "THB"},
                                            {"\xe2\x82\xab", "VND"},
                                            {"\xc4\x91", "VND"},
                                            {"\xe2\x82\xb1", "PHP"},
                                            {"\xe2\x82\xa6", "NGN"},
                                            {"\xe2\x82\xb8", "KZT"},
                                            {"rm", "MYR"},
                                            {"rp", "IDR"},
                                            {"rp.", "IDR"},
                                            {"r", "ZAR"},
                                            {"dhs", "AED"},
                                            {"dh", "AED"},
                                            {"\xd8\xaf.\xd8\xa5", "AED"},
                                            {"\xd8\xb1.\xd8\xb3", "SAR"},
                                            {"kr", ""},
                                            {"kr.", ""},
                                            {":-", ""}};

/* ISO 4217's codes in use, sorted. */
static const char codes[] =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK "
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON "
    "RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS "
    "UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL ";

static bool iso_code(struct str s, char out[4])
{
    if (s.size != 3) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        char c = s.data[i];
        out[i] = (char)(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
    }
    out[3] = '\0';
    size_t low = 0;
    size_t high = (sizeof(codes) - 1) / 4;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(codes + middle * 4, out, 3);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

bool currency_code(struct str s, char out[4])
{
    s = str_trim(s);
    if (iso_code(s, out)) {
        return true;
    }
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        /* the first letter of "Kč" and "Руб" may be large: ASCII is compared without case, Cyrillic as usually written
         */
        if (str_equal_nocase(s, str_from(spellings[i].text))) {
            memcpy(out, spellings[i].code, 4);
            return true;
        }
    }
    out[0] = '\0';
    return false;
}

unsigned currency_digits(const char code[4])
{
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND ";
    static const char none[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF ";
    for (const char *at = three; *at && code[0]; at += 4) {
        if (memcmp(at, code, 3) == 0) {
            return 3;
        }
    }
    for (const char *at = none; *at && code[0]; at += 4) {
        if (memcmp(at, code, 3) == 0) {
            return 0;
        }
    }
    return 2;
}
