#include "analyzers/analyzer_internal.h"

/*
 * The languages. Stop words are the shortest words of grammar that product texts are full of, written as folding leaves
 * them: lists made for essays would take words that shoppers search for.
 */
const struct language languages[] = {
    {.code = ""},
    {.code = "ar", .stemmer = "arabic", .stop_words = "في من على الى عن مع هذا هذه التي الذي او ان لا ما و ثم كل"},
    {.code = "bg"},
    {.code = "bn"},
    {.code = "ca",
     .stemmer = "catalan",
     .elisions = "l d m t s n",
     .stop_words = "a al als amb de del dels el els en entre i la les l d o per que se sense un una uns unes"},
    {.code = "cs",
     .stop_words = "a aby ale ani az bez by do i jako je jsou k ke na nad ne nebo o od po pod pro pri s se si "
                   "tak to u v ve z za ze"},
    {.code = "da",
     .digraphs = "\u00e5aa\u00f8oe",
     .stemmer = "danish",
     .stop_words = "af at den der det de du en er et for fra har i ikke kan med og om pa samt som til ud ved "
                   "vi"},
    {.code = "de",
     .digraphs = "\u00e4ae\u00f6oe\u00fcue",
     .stemmer = "german",
     .stop_words = "aber als am an auch auf aus bei bis das dass dem den der des die doch du ein eine einem "
                   "einen einer eines er es fur hat ich ihr im in ist mit nach nicht noch nur ob oder ohne "
                   "sich sie sind so uber um und uns unter vom von vor war wie wir wird zu zum zur"},
    {.code = "el",
     .stemmer = "greek",
     .stop_words = "και το τα του τησ των η ο οι στο στη στα με για απο σε που ειναι να τον την ενα μια"},
    {.code = "en",
     .stemmer = "english",
     .accessories =
         "adapter backpack bag battery bracket bulb cable cap cart case charger cleaner cord cover desk dock "
         "filter grip holder holster lamp lock mount pad part pillow pouch protector rack remote "
         "replacement rest shelf skin sleeve spare stand strap stylus support tray tripod",
     .exclusions = "without",
     .stop_words = "a an and are as at be but by for from if in into is it its no not of on or our so such "
                   "that the their then there these they this to was we were will with you your"},
    {.code = "es",
     .stemmer = "spanish",
     .stop_words = "a al como con de del e el ella en entre es esta este ha la las le lo los mas mi no o para "
                   "pero por que se si sin sobre son su sus te tu u un una unas uno unos y ya"},
    {.code = "et", .stop_words = "ei et ja kas koos kui ning on see voi"},
    {.code = "eu", .stemmer = "basque", .stop_words = "bat da dira edo eta ez izan"},
    {.code = "fa"},
    {.code = "fi",
     .stemmer = "finnish",
     .stop_words = "ei eli etta ja jos kanssa kuin kun mutta myos ne niin on ovat se seka tai tama"},
    {.code = "fr",
     .stemmer = "french",
     .elisions = "l d j m t s n c qu lorsqu puisqu jusqu quoiqu",
     .stop_words = "a au aux avec ce ces cette d dans de des du elle en est et eux il ils je l la le les leur "
                   "leurs lui mais mes mon ne nos notre nous on ou par pas plus pour qu que qui sa sans se ses"
                   " son sont sur ta te tes toi ton tu un une vos votre vous y"},
    {.code = "ga", .stemmer = "irish", .stop_words = "agus an ar as do go i is le na no"},
    {.code = "he"},
    {.code = "hi", .stemmer = "hindi", .stop_words = "का की के को में से और है पर यह वह एक या हैं"},
    {.code = "hr", .stop_words = "a ali da do i ili iz je na ne o od po s sa se su u uz za"},
    {.code = "hu", .stemmer = "hungarian", .stop_words = "a az egy es hogy is meg nem vagy van volt de ha csak mint"},
    {.code = "hy", .stemmer = "armenian", .stop_words = "և է են որ ու մի այս"},
    {.code = "id",
     .stemmer = "indonesian",
     .stop_words = "ada adalah dan dari dengan di ini itu ke oleh pada untuk yang atau"},
    {.code = "it",
     .stemmer = "italian",
     .elisions = "l un all dell nell sull dall gl quell quest bell sant d c agl dagl degl negl sugl",
     .stop_words = "a ad al alla alle ai agli anche che chi ci come con cui da dal dalla dei degli del della "
                   "delle dello di e ed gli ha i il in io la le lo ma mi ne nei nel nella non o per piu se si "
                   "sono su sul sulla tra tu un una uno"},
    {.code = "ja", .stop_words = "の に は を た が で て と し れ さ も な から まで など"},
    {.code = "km"},
    {.code = "ko"},
    {.code = "lo"},
    {.code = "lt",
     .stemmer = "lithuanian",
     .stop_words = "ar bet bei be ir is i su ne nuo per po prie uz yra kad kaip"},
    {.code = "lv", .stop_words = "ar bez gan no par pec pie un uz vai ka lai"},
    {.code = "my"},
    {.code = "nb",
     .digraphs = "\u00e5aa\u00f8oe",
     .stemmer = "norwegian",
     .stop_words = "av at de den der det du en er et for fra har i ikke kan med og om pa som til ut ved vi"},
    {.code = "ne", .stemmer = "nepali", .stop_words = "को का की र छ मा"},
    {.code = "nl",
     .stemmer = "dutch",
     .stop_words = "aan als bij dan dat de der deze die dit door een en er het hij ik in is je maar met naar "
                   "niet of om onder ook op over te tot uit van voor was wat wij worden zijn zo zonder"},
    {.code = "no",
     .digraphs = "\u00e5aa\u00f8oe",
     .stemmer = "norwegian",
     .stop_words = "av at de den der det du en er et for fra har i ikke kan med og om pa som til ut ved vi"},
    {.code = "pl",
     .stop_words = "a ale by co czy dla do i jak jest lub na nad nie o od oraz po pod przez przy sa sie ta ten"
                   " to u w we z za ze"},
    {.code = "pt",
     .stemmer = "portuguese",
     .stop_words = "a ao aos as com como da das de do dos e ela ele em entre esta este eu foi mais mas me na "
                   "nas nao no nos o os ou para pela pelo por que se sem ser seu sua um uma voce"},
    {.code = "ro",
     .stemmer = "romanian",
     .stop_words = "a al ale au ca care ce cu da de din este fara fi in la mai nu o pe pentru prin sa sau se "
                   "si un una unei unui"},
    {.code = "ru",
     .stemmer = "russian",
     .stop_words = "а без более бы был в во все вы да для до его ее если есть же за и из или их к как ко мы на"
                   " над не но о об от по под при с со так также то только у уже чем что это я"},
    {.code = "sk",
     .stop_words = "a aby ako ale alebo bez do i je k ku na nad nie o od po pod pre pri s sa si so su tak to u"
                   " v vo z za ze"},
    {.code = "sl", .stop_words = "a ali brez da do in iz je k na ne o od po pri s se so v z za"},
    {.code = "sr",
     .stemmer = "serbian",
     .stop_words = "а али да до и или из је на не о од по са се су у уз за i ili je na od sa se su u za"},
    {.code = "sv",
     .stemmer = "swedish",
     .stop_words = "att av de den det du ej eller en er ett for fran har i inte kan med mot och om pa sa som "
                   "till ur utan vi vid ar"},
    {.code = "ta", .stemmer = "tamil", .stop_words = "ஒரு என்று மற்றும் இந்த இது என்ற"},
    {.code = "th", .stop_words = "และ ของ ที่ ใน เป็น ได้ มี จาก กับ ให้ หรือ"},
    {.code = "tr",
     .stemmer = "turkish",
     .dotless_i = true,
     .suffix_apostrophe = true,
     .stop_words = "acaba ama bir bu cok da daha de en gibi hem icin ile ise ki mi mu ne o ve veya ya"},
    {.code = "uk", .stop_words = "а але без в від для до з за й і із та на не о об от по при про с у що як або"},
    {.code = "vi"},
    {.code = "yi", .stemmer = "yiddish"},
    {.code = "zh", .stop_words = "的 了 和 是 在 与 及 或 也"},
};

const size_t language_count = sizeof(languages) / sizeof(*languages);

const char *const language_codes[] = {
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "ga", "he",
    "hi", "hr", "hu", "hy", "id", "it", "ja", "km", "ko", "lo", "lt", "lv", "my", "nb", "ne", "nl", "no",
    "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "ta", "th", "tr", "uk", "vi", "yi", "zh", NULL,
};

const struct language *language_find(const char *code)
{
    char plain[4] = "";
    size_t size = strcspn(code, "-_"); /* en-US, pt_BR */
    if (size >= sizeof(plain) || (size == 0 && code[0]))
        return NULL;
    memcpy(plain, code, size);
    for (size_t i = 0; i < language_count; i++)
        if (strcmp(languages[i].code, plain) == 0)
            return &languages[i];
    return NULL;
}
