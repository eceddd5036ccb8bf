#include "data/tables.h"

const struct department_row tables_departments[] = {
    {"Electronics", 222},
    {"Computers & Office", 278},
    {"Kitchen & Dining", 638},
    {"Home & Furniture", 536},
    {"Garden & DIY", 632},
    {"Clothing", 1604},
    {"Shoes & Accessories", 166},
    {"Beauty & Health", 469},
    {"Sports & Outdoors", 988},
    {"Toys & Baby", 1239},
    {"Grocery", 422},
    {"Pet Supplies", 2},
};
const size_t tables_department_count = sizeof tables_departments / sizeof tables_departments[0];

const struct list_row tables_palettes[] = {
    {"tech", "Black|White|Silver|Grey|Blue|Graphite|Red|Green|Pink|Gold|Purple"},
    {"office", "Black|Blue|White|Red|Green|Grey|Yellow|Pink|Kraft"},
    {"kitchen", "Black|Silver|White|Red|Grey|Cream|Copper|Blue|Green"},
    {"table", "White|Grey|Blue|Black|Green|Sand|Terracotta|Clear|Cream|Pink"},
    {"home", "White|Black|Grey|Oak|Walnut|Beige|Green|Blue|Brass|Terracotta|Cream|Mustard|Pink|Charcoal"},
    {"tool", "Black|Blue|Red|Yellow|Green|Orange|Silver|Grey"},
    {"garden", "Green|Anthracite|Black|Terracotta|Grey|Teak|White|Beige|Blue"},
    {"fashion", "Black|White|Navy|Blue|Grey|Red|Green|Beige|Brown|Pink|Burgundy|Olive|Purple|Yellow|Cream|Orange|Teal|"
                "Charcoal|Khaki|Lilac"},
    {"kids", "Blue|Red|Multicolour|Green|Pink|Yellow|White|Navy|Grey|Orange|Purple|Mint"},
    {"shoes", "Black|White|Brown|Grey|Navy|Blue|Beige|Red|Green|Tan|Pink|Olive|Burgundy"},
    {"bags", "Black|Brown|Navy|Grey|Tan|Green|Beige|Blue|Red|Olive|Pink|Yellow"},
    {"jewel", "Silver|Gold|Black|Rose gold|Brown|Blue|White|Green"},
    {"makeup", "Rose|Red|Nude|Berry|Brown|Black|Coral|Pink|Plum|Peach"},
    {"sport", "Black|Blue|Grey|Red|Green|Yellow|Orange|White|Pink|Purple|Teal"},
    {"outdoor", "Green|Blue|Black|Orange|Grey|Red|Olive|Yellow|Sand|Teal"},
    {"pastel", "White|Mint|Grey|Pink|Sky blue|Beige|Sage|Lilac|Cream"},
    {"pet", "Grey|Brown|Black|Beige|Blue|Red|Green|Pink|Orange"},
};
const size_t tables_palette_count = sizeof tables_palettes / sizeof tables_palettes[0];

const struct list_row tables_sizes[] = {
    {"clothes", "XS|S|M|L|XL|XXL"},
    {"kids", "2-3 years|3-4 years|4-5 years|5-6 years|7-8 years|9-10 years|11-12 years"},
    {"shoes", "36|37|38|39|40|41|42|43|44|45|46"},
    {"bed", "90 x 200 cm|135 x 200 cm|140 x 200 cm|160 x 200 cm|180 x 200 cm|200 x 200 cm"},
};
const size_t tables_size_count = sizeof tables_sizes / sizeof tables_sizes[0];

const char tables_series[] =
    "Aurora|Vantage|Summit|Atlas|Ember|Horizon|Drift|Pulse|Nova|Harbor|Orbit|Meadow|Cascade|Juniper|Beacon|Willow|"
    "Falcon|"
    "Echo|Lumen|Tundra|Prairie|Solstice|Cobalt|Cedar|Voyage|Apex|Breeze|Clover|Delta|Everest|Fable|Glacier|Hazel|"
    "Indigo|"
    "Jasper|Kite|Linden|Marina|Nimbus|Opal|Pioneer|Quartz|Ridge|Sierra|Tempo|Umbra|Verve|Wander|Zephyr|Alder|Basalt|"
    "Comet|"
    "Dune|Elm|Fjord|Grove|Haven|Isle|Jetty|Koi|Lark|Moss|North|Olive|Pebble|Quill|Raven|Sable|Tidal|Upland|Vesper|Wren|"
    "Yarrow|Zenith|Anchor|Birch|Canyon|Dapple|Estuary|Flint|Garnet|Heron|Iris|Jubilee|Kestrel|Lagoon|Mistral|Nectar|"
    "Oasis|"
    "Plume|Rowan|Saffron|Thistle|Valley|Whisper|Acorn|Bramble|Coral|Dawn|Fern|Granite|Ivy|Laurel|Maple|Onyx|Poppy|Reef|"
    "Sparrow|Tulip|Vista|Wharf|Amber|Bay|Citrus|Dusk|Feather|Gale|Hollow|Inlet|Lichen|Nettle|Orchard|Petal|River|"
    "Sorrel|"
    "Terrace|Violet|Weald|Plus|Pro|Max|Lite|Essential|Classic|Prime|Active|Studio|Home|Original|Air|One|Core|Flex|Edge";

const char tables_onsets[] = "b|br|d|dr|f|fl|g|gl|gr|h|j|k|kl|kr|l|m|n|p|pl|r|s|sk|st|t|tr|v|w|z|th|sv|fj|sh";
const char tables_vowels[] = "a|e|i|o|u|ea|ia|o|a|e|ei|y|au|ö|é";
const char tables_codas[] = "|n|r|l|m|s|v|nd|rn|lt|x|rk|nt|d|st|ll";
const char tables_endings[] = "a|en|o|is|or|ia|um|ek|ia|on|ar|el|ix|ana|ett|by|dal|wick|ora|ux";
const char tables_brand_suffixes[] = "& Co|Labs|Works|Home|Supply|Goods|& Sons|Studio|Outfitters|Collective";

const char *const tables_openers[] = {
    "Made for {U}, the {S} {N} {brings/bring} together {F} and {F}.",
    "The {S} {N} {is/are} at home wherever {A} quality counts: think of {U}.",
    "With {F}, the {N} from {B} {makes/make} the most of {U}.",
    "{F}: that is what sets the {S} {N} apart.",
    "{B} built the {S} {N} for {U}, and it shows in every detail.",
    "Looking for {AN} {N} that you will still like in five years? Meet {S} from {B}.",
    "From {U} to {U}: the {S} {N} {fits/fit} in with the day you have.",
    "The {A} {N} of the {S} range {combines/combine} {F} with {F}.",
    "Simple on the outside, thought through on the inside: the {S} {N} {has/have} {F}.",
    "A favourite for {U}: the {B} {N} with {F}.",
    "The {S} {N} {does/do} one thing, and {does/do} it properly.",
    "Inspired by {U}, {B} gave the {S} {N} {F}.",
    "All you need for {U} and nothing more: the {A} {S} {N}.",
    "There is a reason why people come back to {B}: {F}.",
    "The new {S} {N} {takes/take} what worked before and {adds/add} {F}.",
    "Small changes, big difference: {F} and {F} make the {S} {N} better for {U}.",
    "{U} or {U}, the {S} {N} {is/are} ready when you are.",
};
const size_t tables_opener_count = sizeof tables_openers / sizeof tables_openers[0];

const char *const tables_middles[] = {
    "You get {F}, {F} and {F}.",
    "{F} and {F} make {it/them} a pleasure to use.",
    "Thanks to {F}, {it is/they are} just as good for {U}.",
    "The {M} feels good in the hand and is easy to look after.",
    "{K} and {K} are part of the package.",
    "With {K}, {it has/they have} enough in reserve for {U}.",
    "Made of {M}, with {F}.",
    "{M}: the right choice for {U}.",
    "Our testers praised {F} in particular.",
    "Notice {F}: it is the kind of detail that {B} is known for.",
    "The key figures: {K}, {K}.",
    "{It comes/They come} with {F} and {works/work} from the first day.",
    "What customers like most: {F}, {F}, and that {it lasts/they last}.",
    "Compared with the previous model {it has/they have} gained {F}.",
    "{F} and {F} take care of the rest.",
    "Whether for {U} or for {U}, {it feels/they feel} right.",
    "Every piece is checked by hand before it leaves the workshop.",
    "The design is calm and {A}, so that it goes with what you already own.",
    "Thoughtful touches such as {F} save time every day.",
    "{B} uses {M} from audited suppliers.",
    "{K}: more than most need, and exactly right for {U}.",
    "No fuss, no compromise: {F}.",
};
const size_t tables_middle_count = sizeof tables_middles / sizeof tables_middles[0];

const char *const tables_closers[] = {
    "A fine present, too.",
    "Spare parts are available for ten years.",
    "Packed without plastic.",
    "Delivered ready to use.",
    "Designed in-house by {B}.",
    "Ideal for {U}.",
    "Also available in other versions.",
    "Two years of guarantee included.",
    "Please read the care instructions before first use.",
    "Goes well with the other pieces of the {S} range.",
    "Recommended for {U} and {U}.",
    "Return {it/them} within 30 days if {it is/they are} not for you.",
    "{K}.",
    "See the table for all measurements.",
    "Once you have tried {F}, there is no way back.",
};
const size_t tables_closer_count = sizeof tables_closers / sizeof tables_closers[0];
