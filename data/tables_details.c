#include "data/tables.h"

/* Where the things of one leaf differ from the rest of their section. */
const struct detail_row tables_details[] = {
    {"Turntables", "walnut|aluminium|MDF",
     "a tonearm with real counterweight|a built-in preamplifier|a felt mat|a dust cover that lifts off|a quiet belt|a "
     "cartridge you can upgrade"},
    {"Microphones", "aluminium|steel",
     "a mute key on top|a shock mount|zero-latency monitoring|a pop filter|a stand that folds flat|a pattern that "
     "keeps the room out"},
    {"Soundbars", NULL,
     "clear dialogue at low volume|a night mode|one cable to the television|deep and controlled bass|a wall bracket in "
     "the box|virtual surround sound"},
    {"Projectors", NULL,
     "automatic keystone correction|a fan that stays in the background|a lamp for 20,000 hours|sharp corners|a "
     "pocket-size remote|built-in speakers"},
    {"TV Mounts", "steel|aluminium",
     "a spirit level built in|arms that swivel and tilt|screws for every common screen|cable clips|a gap of three "
     "centimetres to the wall|a drilling template"},
    {"Streaming Players", "ABS plastic",
     "a remote with voice search|all big streaming services|set-up in five minutes|HDR in every common format|an "
     "extension for tight corners|profiles for the whole family"},
    {"Phone Cases", "silicone|leather|polycarbonate|recycled plastic",
     "raised edges around the lenses|a grip that does not slip|magnets for wireless charging|a pocket for two cards|a "
     "soft lining|buttons that click as they should"},
    {"Chargers & Power Banks", "aluminium|ABS plastic",
     "a display for the remaining charge|pass-through charging|protection against overheating|three devices at once|a "
     "cable in the box|foldable prongs"},
    {"Screen Protectors", "glass",
     "a frame for fitting without bubbles|9H hardness|a coating against fingerprints|rounded edges|full clarity|a "
     "cleaning cloth"},
    {"Smartwatches", "aluminium|titanium|steel",
     "built-in GPS|precise heart-rate tracking|sleep analysis|a display that is always on|payments from the "
     "wrist|straps that change in seconds"},
    {"Fitness Trackers", "silicone|aluminium",
     "a week and more on one charge|sleep analysis|reminders to move|thirty kinds of sport|a strap that breathes|a "
     "vibrating alarm"},
    {"Tripods", "carbon fibre|aluminium",
     "legs that lock with a quarter turn|a ball head with scale|a hook for weights|rubber feet with spikes|a padded "
     "bag|a column that reverses"},
    {"Memory Cards", "plastic",
     "steady writing for 4K video|an adapter in the box|protection against water and X-rays|ten years of guarantee|a "
     "case for four cards"},
    {"Monitors", NULL,
     "a stand that turns and tilts|colours calibrated at the factory|a mode that spares the eyes|one cable for picture "
     "and power|thin bezels on three sides|a built-in hub"},
    {"Graphics Cards", "aluminium|steel",
     "fans that stop when idle|a metal backplate|a heat sink over all components|dual BIOS|lighting you can turn off|a "
     "support bracket"},
    {"Memory & Processors", "aluminium|silicon",
     "a heat spreader of aluminium|timings tested for stability|one-click overclocking profiles|low power draw|a "
     "lifetime guarantee"},
    {"Tablets", NULL,
     "a pen that sticks to the side|a display like paper|stereo speakers|a kickstand|parental controls|a full day of "
     "reading"},
    {"Keyboards", NULL,
     "quiet keys with a clear response|hot-swappable switches|a wrist rest|keys that keep their legends|three devices "
     "on one key|a cable that comes off"},
    {"Mice", NULL,
     "a sensor that tracks on glass|programmable buttons|a wheel that spins freely|a shape for hours of work|feet of "
     "pure PTFE|a receiver that hides inside"},
    {"Printers", "ABS plastic",
     "low running costs|double-sided printing|a sheet feeder|printing from the phone|a touch screen that explains "
     "itself|refillable tanks"},
    {"Ink & Toner", "plastic",
     "the yield that is printed on the box|even black to the last page|chips that report the level|dry after seconds|a "
     "seal against drying out|recycled cartridges"},
    {"Webcams", "ABS plastic",
     "automatic light correction|a privacy shutter|two microphones|a tripod thread|sharpness that follows the face|a "
     "clip for every screen"},
    {"Gamepads", "ABS plastic",
     "sticks without drift|triggers with adjustable travel|paddles at the back|vibration in each grip|a battery for "
     "forty hours|a charging dock"},
    {"Cables & Adapters", "nylon|copper|aluminium",
     "a braided sleeve|gold-plated connectors|strain relief at both ends|fast charging and data in one|a strap to tie "
     "it up|bends tested ten thousand times"},
    {"External Drives", NULL,
     "transfer rates without dips|hardware encryption|a shell that survives drops|automatic backups|a cable for old "
     "and new ports|a silent, fanless case"},
    {"Internal Drives", "aluminium",
     "a heat sink in the box|five years of guarantee|a high endurance rating|software for moving your system|steady "
     "speed under load"},
    {"Pens & Markers", "plastic|recycled plastic|steel|brass",
     "smudge-free ink|a soft grip|refills in four colours|a clip of steel|a tip that does not dry out|an even line"},
    {"Filing", "recycled paper|plastic|cardboard",
     "sturdy corners|labels that slide in|rings that close without gaps|room for six hundred sheets|a band of "
     "elastic|an index from A to Z"},
    {"Desk Tools", "steel|plastic",
     "a jam-free mechanism|rubber feet|a tray for clips|a quiet motor|an automatic stop|keys that are large and clear"},
    {"Paper", "recycled paper|paper",
     "bright white on both sides|certified fibres|no curl in the printer|quick drying|a box that closes again"},
    {"Knives", "carbon steel|damascus steel|stainless steel",
     "an edge that keeps its sharpness|a full tang|a handle that fits the palm|a blade ground by hand|a sheath in the "
     "box|balanced weight"},
    {"Kitchen Utensils", "beech|silicone|stainless steel|bamboo",
     "a loop for hanging|heat resistance to 230 degrees|smooth, splinter-free edges|a stand to keep it all|a soft "
     "grip|measuring marks"},
    {"Glasses", "glass|crystal",
     "a fine rim|a stem drawn from one piece|clarity that survives the dishwasher|a base that does not tip|a shape "
     "that opens the aroma|a gift box"},
    {"Cutlery", "stainless steel|brass",
     "a polished mirror finish|weight that sits well in the hand|knives with a fine serration|18/10 steel|edges "
     "without burrs|a roll for storage"},
    {"Food Storage", "glass|stainless steel|bamboo|Tritan",
     "a lid that seals well|a gasket you can take out|marks for the content|compartments that do not leak|stacking "
     "without sliding|safe for the freezer"},
    {"Sofas", "linen|velvet|bouclé|leather",
     "covers that come off for washing|a frame of solid timber|cushions that keep their shape|a deep and comfortable "
     "seat|hidden storage|legs that screw on without tools"},
    {"Armchairs", "bouclé|velvet|linen|rattan",
     "arms at the right height|a frame of solid timber|a seat with pocket springs|removable covers|a footrest that "
     "folds out|legs of oak"},
    {"Tables", "oak|walnut|pine|metal|glass",
     "rounded corners|a top that resists scratches|a leaf hidden inside|felt pads for the floor|a drawer for small "
     "things|cable openings at the back"},
    {"Shelves", "oak|walnut|pine|metal",
     "boards that take real weight|soft-closing doors|cable openings at the back|fittings for the wall|shelves on any "
     "height|felt pads for the floor"},
    {"Chairs & Stools", "oak|beech|metal|rattan",
     "a back that follows the spine|felt pads for the floor|a seat that is easy to wipe|stacking without scratches|a "
     "footrest at the right height|joints glued and screwed"},
    {"Rugs", "wool|cotton|jute|recycled polyester",
     "a pile that hides footprints|a back that does not slip|colours that do not bleed|edges bound by hand|a weave for "
     "underfloor heating|easy care with the vacuum"},
    {"Mattresses", "cotton|memory foam|latex|bamboo viscose",
     "zones for shoulders and hips|a cover that zips off|handles on both sides|a hundred nights to try|springs in "
     "single pockets|edges that do not give way"},
    {"Pillows & Duvets", "cotton|down|bamboo viscose",
     "a filling that airs well|double-stitched seams|a cover that zips off|down from certified farms|quilting that "
     "keeps the "
     "filling in place|a bag for storage"},
    {"Beds", "oak|pine|metal|linen",
     "a headboard to lean on|drawers on castors|joints without creaking|slats included|a centre leg for support|set-up "
     "in half an hour"},
    {"Light Bulbs", "glass",
     "a warm white like candlelight|full brightness at once|15,000 hours of life|colours by app|dimming without "
     "flicker|a low draw of current"},
    {"Clocks", "oak|metal|brass|plastic",
     "hands you can read across the room|a movement without ticking|an alarm that grows slowly|numbers cut from oak|a "
     "hook for the wall|light at the touch of a finger"},
    {"Mirrors", "brass|oak|metal|bamboo",
     "glass without distortion|a back that keeps out moisture|fixings for the wall|a frame brushed by hand|a safety "
     "film|a stand that folds"},
    {"Candles", "soy wax|beeswax|glass|ceramic",
     "a wick of cotton|a scent that stays in the background|a glass you can use again|a clean and even burn|oils from "
     "Grasse|a lid against dust"},
    {"Wall Art", "paper|canvas|oak",
     "archival inks|a border of white|heavy matt paper|a frame that opens at the back|glass that does not reflect|a "
     "numbered edition"},
    {"Curtains", "linen|cotton|polyester|velvet",
     "a lining that keeps the light out|hidden loops|a hem weighted with lead|fabric with a soft fall|eyelets of "
     "metal|a length you can take up with an iron"},
    {"Washing Machines", "steel|ABS plastic",
     "a drum that is kind to wool|a quick wash of 15 minutes|automatic dosing|a motor with ten years of guarantee|a "
     "child lock|a steam programme against creases"},
    {"Irons & Steamers", "steel|ceramic",
     "a soleplate that glides|a burst of steam for thick seams|automatic switch-off|a tank that fills at the tap|an "
     "anti-drip system|a long, swivelling cord"},
    {"Cleaning Supplies", "microfibre|plastic",
     "biodegradable ingredients|a fresh, light scent|no streaks|a refill pouch|a trigger that sprays "
     "finely|skin-friendly ingredients"},
    {"Fridges", "steel|glass",
     "no-frost technology|drawers that keep greens crisp|a door that opens either way|a bottle rack|light from both "
     "sides|shelves of safety glass"},
    {"Vacuum Cleaners", "ABS plastic|aluminium", NULL},
    {"Saws & Sanders", NULL,
     "a guide rail|a dust port for the vacuum|an electric brake|a base plate of aluminium|a depth scale|a soft start"},
    {"Hand Tools", "chrome vanadium steel|steel|fibreglass",
     "hardened jaws|a grip that soaks up vibration|a magnetic tip|a clear scale on both sides|a lifetime guarantee|a "
     "roll-up pouch"},
    {"Tool Storage", "steel|ABS plastic|nylon",
     "a case with a place for every piece|castors with brakes|a metal handle|trays that lift out|a lid that "
     "locks|corners that take a knock"},
    {"Hardware", "steel|stainless steel|brass|zinc",
     "threads cut cleanly|a box with compartments|a coating against rust|the right drill bit included|heads that do "
     "not strip"},
    {"Paint", "acrylic|linseed oil",
     "one coat is enough|hardly any smell|dry after two hours|easy to clean with water|an even finish|no solvents"},
    {"Garden Furniture", "teak|eucalyptus|aluminium|rattan",
     "fabric that dries quickly|a frame that does not rust|a back that reclines|stacking for the winter|a cover in the "
     "box|slats sanded smooth"},
    {"Grills", "cast iron|stainless steel|steel",
     "a grate of cast iron|a thermometer in the lid|a drawer for ash|side tables that fold|ignition at the push of a "
     "button|wheels for the lawn"},
    {"Lawn & Hedge", "steel|ABS plastic",
     "blades that stay sharp|two batteries and a charger|a box that empties with one hand|a cut close to the edge|a "
     "handle that folds|a low, even sound"},
    {"Watering", "galvanised steel|recycled plastic|brass|rubber",
     "fittings of solid brass|a rose that sprays softly|a hose that does not kink|a timer for holidays|a reel on the "
     "wall|a tap at the bottom"},
    {"Pots & Planters", "terracotta|fibrestone|recycled plastic|zinc",
     "a hole for drainage|a saucer in the same colour|a reservoir for two weeks|frost-proof walls|a light weight for "
     "its size|a hook for railings"},
    {"Garden Hand Tools", "ash|carbon steel|stainless steel",
     "blades that stay sharp|handles of ash|a spring that never jams|a loop of leather|a tread for the foot|forging in "
     "one piece"},
    {"Jeans & Trousers", NULL,
     "a waistband with some give|pockets deep enough to use|a cut that follows without clinging|a hem that can be let "
     "down|denim that keeps its colour|flat seams"},
    {"Trousers & Jeans", NULL,
     "a waistband with some give|reinforced seams|pockets that hold a phone|a hem that can be let down|denim that "
     "gains character|a zip of brass"},
    {"Skirts", NULL,
     "fabric with a soft fall|a hidden zip|pockets deep enough to use|a lining that breathes|a waistband that lies "
     "flat|pleats that stay"},
    {"Trousers & Leggings", NULL,
     "knees that are doubled|elastic at waist and ankles|room to grow|flat seams against the skin|pockets for "
     "treasures|prints that survive the wash"},
    {"Underwear & Socks", NULL,
     "flat seams|a waistband that does not roll|reinforced heels|cotton with a little stretch|a toe without a "
     "ridge|colours that stay dark"},
    {"Suitcases", "polycarbonate|aluminium|recycled nylon", NULL},
    {"Wallets", "leather|vegan leather|canvas",
     "RFID protection|a pocket for coins|room for eight cards|edges painted by hand|a window for the pass|a button of "
     "brass"},
    {"Watches", NULL,
     "sapphire crystal|a case back you can look through|a strap that changes without tools|hands that glow|a clasp "
     "that closes with certainty|a movement that runs for years"},
    {"Sunglasses", "acetate|metal|recycled plastic",
     "lenses with full UV protection|hinges with five barrels|a hard case|colours without distortion|tips that hold "
     "behind the ear|a cleaning cloth"},
    {"Belts", "leather|vegan leather|canvas",
     "a buckle without nickel|edges finished by hand|five holes, evenly spaced|leather that gains character|a width "
     "for every loop"},
    {"Hair Tools", "ceramic|plastic|boar bristle",
     "ions against static|a cool-shot button|plates that float|a cord that swivels|heat in thirty seconds|a travel "
     "pouch"},
    {"Shampoo & Conditioner", NULL,
     "no silicones|argan and jojoba oil|a cap that clicks shut|keratin from plants|a scent of fig|a bottle of recycled "
     "plastic"},
    {"Nails", NULL,
     "colour in two coats|a brush that follows the nail|a shine that lasts a week|a formula that lets the nail "
     "breathe|drying in a minute"},
    {"Fragrance", NULL,
     "notes of bergamot and cedar|a heart of iris and jasmine|a base of amber and vetiver|a bottle that refills|a "
     "scent that stays till evening|oils from Grasse"},
    {"Vitamins", NULL,
     "a dose for every day|tablets that are easy to swallow|laboratory-tested raw materials|no sugar and no gluten|a "
     "supply for two months|vegan capsules"},
    {"Oral Care", NULL,
     "a two-minute timer|heads that are easy to change|bristles that are soft to the gums|a travel case|a pressure "
     "sensor|a fresh taste of mint"},
    {"Shaving", NULL,
     "blades that are easy to change|a head that follows the chin|a guard for every length|a foam that stays thick|use "
     "under the shower|a heavy, steady handle"},
    {"Health Devices", NULL,
     "a clear and large display|memory for two people|a cuff for every arm|results in ten seconds|a bag for "
     "travelling|quiet and even power"},
    {"Cardio Machines", "steel|aluminium",
     "a display with pulse|wheels for moving|a flywheel of nine kilos|resistance you set with one turn|a seat for long "
     "sessions|training plans by app"},
    {"Sleeping Bags", "down|ripstop nylon|recycled polyester",
     "a hood that draws tight|a zip that does not catch|a pack size of a water bottle|a valve that closes by itself|a "
     "draught collar|an inside pocket"},
    {"Drinking Bottles", "stainless steel|Tritan|titanium",
     "a lid that is a cup|a mouth wide enough for ice|walls that keep the taste neutral|a loop for the rucksack|parts "
     "that go into the dishwasher|a seal that never drips"},
    {"Camp Kitchen", "aluminium|titanium|stainless steel",
     "a flame you can simmer on|pots that nest|a windshield|handles that fold|boiling water in three minutes|a mesh "
     "bag"},
    {"Torches", "aluminium|ABS plastic",
     "light for thirty hours|a red light for reading maps|charging by USB-C|a beam that zooms|a band that washes|a "
     "lock against switching on"},
    {"Trekking Gear", "carbon fibre|aluminium|ripstop nylon",
     "grips of cork|tips of tungsten|a hip belt that carries|seams taped by hand|straps with padding|a rain cover in "
     "the bottom"},
    {"Helmets", "EPS foam|polycarbonate",
     "a rotational impact liner|vents from front to back|a dial at the neck|pads that wash|a light at the back|a "
     "magnetic buckle"},
    {"Bike Lights & Locks", "hardened steel|aluminium|silicone",
     "a bracket without tools|light on both sides|charging by USB-C|a lock core that resists drills|a coating that "
     "spares the paint|two keys with number"},
    {"Bike Parts", "rubber|aluminium|steel",
     "a layer against punctures|grip in the wet|sealed bearings|rails of steel|a gauge that reads clearly|fitting "
     "without special tools"},
    {"Rackets", "carbon fibre|graphite|wood",
     "a balanced head|a handle wrapped twice|a wide sweet spot|strings ready to play|a cover with strap|a frame that "
     "damps shocks"},
    {"Swimming", "silicone|nylon|polyester",
     "silicone that does not pull hair|lenses that do not fog|a strap that adjusts in the water|fabric that resists "
     "chlorine|a wide field of view|a mesh bag"},
    {"Paddling", "PVC|nylon|fibreglass",
     "fins that come off|a deck with grip|a pump in the bag|chambers that back each other up|elastic for luggage|a "
     "leash for safety"},
    {"Dolls & Soft Toys", "plush|cotton|recycled polyester",
     "eyes sewn on for safety|a cuddly, dense plush|clothes that come off|a label for a name|washing at 30 degrees|a "
     "filling of recycled bottles"},
    {"Board Games", "cardboard|wood",
     "rules explained in five minutes|pieces of wood|games that end at the right time|a box that keeps its order|a "
     "version for two|pictures by one hand"},
    {"Puzzles", "cardboard|wood",
     "pieces that fit with a click|a picture without glare|a poster to follow|a bag for each colour|thick board|a "
     "motif painted by hand"},
    {"Arts & Crafts", "paper|wood|wool",
     "colours that wash out|everything in one box|tips that do not break|patterns for beginners|a bag for "
     "leftovers|non-toxic pigments"},
    {"Feeding", "silicone|glass|beech|steel",
     "valves against colic|parts that go into the steriliser|a shape for small hands|marks that do not fade|a flow "
     "that follows the age|a lid for the road"},
    {"Nappies & Care", "cotton|cellulose|bamboo",
     "a soft, dry inner side|a stripe that shows when it is time|no perfume|dermatologically tested|a fit without red "
     "marks|a pack that opens at the side"},
    {"Nursery", "organic cotton|beech|muslin",
     "certified textiles|a mattress in three heights|a night light|room that grows with the child|two-way zips|a clear "
     "sound at night"},
    {"Car Seats", "recycled polyester|EPS foam",
     "a five-point harness|side impact protection|turning by one hand|covers that wash at 60 degrees|a recline for "
     "sleeping|a light frame"},
    {"Coffee Beans", NULL,
     "notes of cocoa and hazelnut|a low acidity|a valve that keeps the aroma|beans roasted in small batches|a light "
     "body|a long, sweet finish"},
    {"Coffee Capsules", NULL,
     "a dense crema|compostable capsules|notes of cocoa and hazelnut|an aroma sealed one by one|a low acidity|a long, "
     "sweet finish"},
    {"Tea", NULL,
     "leaves plucked by hand|the scent of orange peel|bags without plastic|a light body|a colour like amber|a second "
     "and third infusion"},
    {"Hot Chocolate", NULL,
     "cocoa from a single cooperative|little sugar|a tin that closes tightly|froth without a machine|a deep, dark "
     "taste|stone-ground leaves"},
    {"Oils & Vinegars", NULL,
     "a peppery finish|the first harvest|a bottle that keeps out light|pressing within a day|a pourer that does not "
     "drip|years in oak barrels"},
    {"Pasta & Rice", NULL,
     "bronze-cut edges that hold the sauce|slow drying at low heat|durum wheat from the south|a firm bite|grains that "
     "stay apart|an aroma of its own"},
    {"Spreads & Honey", NULL,
     "one ingredient|no palm oil|fruit picked ripe|blossoms from one valley|no added sugar|a glass you can use again"},
    {"Breakfast", NULL,
     "wholegrain oats|nuts roasted slowly|no added sugar|a crunch that survives milk|dried fruit in large pieces|a bag "
     "that closes again"},
    {"Soft Drinks", NULL,
     "botanicals steeped overnight|less sugar than usual|a returnable bottle|fine bubbles|juice instead of "
     "flavouring|water from deep springs"},
    {"Nuts & Crisps", NULL,
     "a crunch that lasts|sea salt flakes|roasting in small batches|a resealable bag|no palm oil|a hint of rosemary"},
    {"Dog Food", "chicken|beef|salmon|lamb",
     "meat as the first ingredient|no artificial colours|omega-3 for the coat|a size for small jaws|gentle cooking|a "
     "bag that closes again"},
    {"Dog Beds", "fleece|cotton|memory foam",
     "a cover that zips off|foam for old joints|a base that does not slip|a rim to lean on|washing at 60 degrees|a "
     "handle for the car"},
    {"Dog Toys", "natural rubber|cotton|felt",
     "no sharp edges|a throw that floats|room for treats|a surface that cleans the teeth|a squeak that lasts|knots "
     "tied by hand"},
    {"Cat Food", "chicken|salmon|tuna|turkey",
     "protein from poultry and fish|no grain and no sugar|taurine for heart and eyes|portions that stay fresh|a sauce "
     "they lick up|gentle cooking"},
    {"Cat Litter", "clay|recycled paper|wood",
     "clumps that hold together|hardly any dust|a lid against smells|a light weight|a mesh that catches grains|a scent "
     "of nothing"},
    {"Small Animals", "wood|steel|glass",
     "doors on two sides|a tray that slides out|a roof that opens|bars at a safe distance|a shelter for the night|hay "
     "from late summer"},
    {"Bowls & Fountains", "ceramic|stainless steel|silicone",
     "a pump that hardly hums|a base that does not tip|a filter for clear water|ridges that slow the meal|a rim that "
     "catches spills|meals by the clock"},
};
const size_t tables_detail_count = sizeof tables_details / sizeof tables_details[0];
