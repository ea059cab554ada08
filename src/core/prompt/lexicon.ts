/** Small word lists, lower case, English. A word may be in several. */

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** What a word can count towards, as bits, so that one look-up per word is enough. */
export const flags = {
  stop: 1,
  number: 2,
  comparative: 4,
  negation: 8,
  spatial: 16,
  colour: 32,
  attribute: 64,
  person: 128,
  textCue: 256,
  style: 512,
  clause: 1024,
  verb: 2048,
} as const

const flagged: Readonly<Record<keyof typeof flags, readonly string[]>> = {
  stop: words(`a an the of and or to in on at by for with from into is are was were be been being it its this that these those
    as some very there their his her our your my he she they we you i which who whose while where when than then but so if
    has have had having do does did will would can could should may might just also such own same other`),
  number: words(`one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand dozen half pair couple single
    double triple both all every each several many few multiple various numerous none only exactly once twice`),
  comparative: words(`more less most least fewer than bigger biggest larger largest smaller smallest taller tallest shorter
    shortest longer longest wider widest narrower older oldest younger youngest brighter brightest darker darkest lighter
    lightest higher highest lower lowest closer closest nearer nearest farther farthest further faster fastest slower slowest
    heavier heaviest better best worse worst thicker thinner same equal similar different unlike`),
  negation: words(`no not without never none nothing nobody nowhere neither nor except excluding lacking missing absent cannot
    isn't aren't don't doesn't didn't won't wasn't weren't can't couldn't shouldn't hasn't haven't isnt arent dont doesnt`),
  spatial: words(`above below under over beneath underneath behind beside besides between among amid inside outside within
    near next left right top bottom front back foreground background center centre middle corner across along around through
    against atop onto upon opposite facing adjacent surrounding surrounded toward towards away upside horizontally vertically`),
  colour: words(`red orange yellow green blue purple violet pink brown black white grey gray cyan magenta teal turquoise maroon
    navy beige ivory gold golden silver bronze crimson scarlet indigo lavender lilac olive peach coral amber burgundy khaki
    mint charcoal colorful colourful multicolored monochrome pastel`),
  attribute: words(`big small large tiny huge giant tall short long wide narrow old young new ancient modern bright dark light
    shiny matte glossy wooden metal metallic plastic glass golden furry fluffy smooth rough soft hard round square triangular
    rectangular spherical oval cubic striped spotted dotted checkered transparent translucent wet dry broken cracked rusty dusty
    dirty clean beautiful ugly cute happy sad angry smiling sleeping burning frozen floating glowing empty full open closed
    thick thin heavy fat slim leather cotton silk woolen paper stone marble ceramic concrete rustic elegant vintage futuristic
    red orange yellow green blue purple violet pink brown black white grey gray teal turquoise silver bronze beige`),
  person: words(`man men woman women person people boy boys girl girls child children kid kids baby babies toddler teenager
    adult lady gentleman guy crowd couple family friends mother father mom dad parent grandmother grandfather bride groom king
    queen prince princess doctor nurse chef soldier knight astronaut pilot farmer worker student teacher scientist artist
    musician dancer player athlete model businessman businesswoman face faces portrait selfie hand hands finger fingers arm arms
    leg legs feet foot head hair beard eye eyes smile skin body human humans character wizard witch pirate cowboy samurai ninja
    monk nun priest president`),
  textCue: words(`text says saying reads reading written writes word words letter letters lettering logo logos sign signs
    signage label labels caption title headline poster banner billboard typography font slogan quote handwriting calligraphy
    inscription engraved spelled spelling menu infographic diagram chart map newspaper magazine cover`),
  style: words(`photo photograph photography photorealistic realistic hyperrealistic cinematic painting oil watercolor
    watercolour acrylic sketch drawing pencil charcoal ink illustration cartoon anime manga comic render rendering rendered 3d
    cgi vector pixel voxel lowpoly isometric minimalist minimalistic abstract surreal surrealism impressionist impressionism
    cubist cubism baroque renaissance gothic deco nouveau bauhaus retro vintage steampunk cyberpunk vaporwave noir macro bokeh
    hdr 4k 8k panorama portrait closeup wideangle fisheye polaroid mosaic origami collage graffiti ukiyo woodblock engraving
    stencil clipart icon sticker blueprint storybook fantasy detailed style styled`),
  clause: words(`and but while which who whose that where when because so as with holding wearing standing sitting riding`),
  verb: words(`is are was were be standing sitting riding holding wearing running walking flying swimming eating drinking playing
    jumping looking watching reading cooking driving dancing singing sleeping climbing fighting hugging kissing carrying pushing
    pulling throwing catching painting drawing writing working floating falling growing show shows showing depict depicts make
    create generate draw paint add remove change replace put turn`),
}

export const categories = [
  'animals',
  'food',
  'vehicles',
  'plants',
  'people',
  'indoor',
  'outdoor',
  'artifacts',
  'arts',
  'illustrations',
  'world_knowledge',
  'abstract',
] as const
/** The twelve categories of the PartiPrompts set, in the order that breaks ties; `other` when no word tells. */
export type PromptClass = (typeof categories)[number] | 'other'

const categoryWords: Readonly<Record<(typeof categories)[number], readonly string[]>> = {
  animals: words(`animal animals cat cats kitten dog dogs puppy horse horses cow sheep goat pig rabbit bunny fox wolf bear panda
    lion tiger leopard elephant giraffe zebra monkey gorilla kangaroo koala raccoon squirrel mouse rat hamster deer moose bird
    birds eagle owl parrot penguin duck chicken hen rooster swan peacock fish shark whale dolphin octopus turtle tortoise frog
    snake lizard crocodile dinosaur dragon unicorn butterfly bee ant spider insect otter corgi wombat sloth hedgehog camel llama
    bat crab lobster snail`),
  food: words(`food pizza burger hamburger sandwich sushi noodles pasta spaghetti ramen rice soup salad bread cake cupcake pie
    cookie cookies donut pancake pancakes waffle chocolate candy cream cheese egg eggs bacon steak meat sausage coffee tea
    espresso latte wine beer cocktail juice milk smoothie bottle meal dish breakfast lunch dinner dessert snack taco burrito
    dumpling curry toast croissant honey`),
  vehicles: words(`car cars truck bus van taxi train tram subway bicycle bike motorcycle scooter airplane plane jet helicopter
    drone rocket spaceship spacecraft shuttle boat ship sailboat yacht canoe submarine tank tractor ambulance convertible
    limousine locomotive balloon skateboard`),
  plants: words(`flower flowers rose roses tulip tulips sunflower sunflowers daisy orchid lily tree trees oak pine palm bonsai
    cactus plant plants leaf leaves grass fern moss mushroom mushrooms bouquet apple apples banana bananas orange strawberry
    grapes lemon lemons watermelon pineapple mango avocado tomato tomatoes potato carrot carrots pumpkin pepper broccoli cabbage
    corn vegetable vegetables fruit fruits garden`),
  people: flagged.person,
  indoor: words(`room bedroom kitchen bathroom office interior indoor indoors library classroom restaurant cafe bar shop store
    mall museum gallery hall hallway corridor studio apartment attic basement garage gym hospital church cathedral lobby sofa
    couch bed fireplace desk shelf bookshelf curtains carpet`),
  outdoor: words(`mountain mountains beach ocean sea lake river waterfall forest woods jungle desert island valley canyon hill
    hills field meadow sky sunset sunrise clouds cloud storm rain snow city cityscape skyline street road bridge village park
    coast cliff landscape horizon outdoor outdoors volcano glacier night stars moon sun rainbow harbor castle building buildings
    skyscraper tower house cabin`),
  artifacts: words(`chair table lamp clock watch phone laptop computer keyboard camera book books pen pencil cup mug vase bowl
    plate knife fork spoon hat shoe shoes sneakers boots shirt dress jacket bag backpack umbrella guitar piano violin drum
    trumpet ball toy robot robots box key ring necklace crown sword shield statue sculpture bottle mirror candle bed glasses
    sunglasses telescope television radio ladder hammer perfume product packaging`),
  arts: words(`painting fresco mural mosaic sculpture canvas museum masterpiece monet vangogh picasso rembrandt vermeer klimt
    hokusai dali renaissance baroque impressionist cubism surrealism oil watercolor gouache etching lithograph tapestry
    stained portrait ballet opera orchestra theater theatre`),
  illustrations: words(`illustration cartoon comic anime manga logo icon icons vector poster infographic diagram chart drawing
    sketch doodle clipart sticker emoji storybook blueprint flat badge mascot pattern wallpaper typography ui mockup website
    template`),
  world_knowledge: words(`eiffel paris london tokyo york rome egypt pyramid pyramids sphinx colosseum taj mahal statue liberty
    everest china japan india africa america europe roman greek egyptian viking medieval victorian lincoln einstein napoleon
    cleopatra shakespeare mars jupiter saturn earth galaxy apollo titanic beethoven olympics christmas halloween easter`),
  abstract: words(`abstract concept infinity time love freedom justice peace chaos harmony emotion happiness sadness fear hope
    dream dreams imagination consciousness fractal geometric geometry shapes gradient texture energy void nothingness meaning
    beauty truth knowledge`),
}

export interface WordEntry {
  /** Sum of `flags`. */
  readonly flags: number
  /** Indexes into `categories`. */
  readonly categories: readonly number[]
}

/** Every listed word with all it counts towards. */
export const lexicon: ReadonlyMap<string, WordEntry> = buildLexicon()

function buildLexicon(): Map<string, WordEntry> {
  const entries = new Map<string, { flags: number; categories: number[] }>()
  const entry = (word: string): { flags: number; categories: number[] } => {
    const known = entries.get(word) ?? { flags: 0, categories: [] }
    entries.set(word, known)
    return known
  }
  for (const [name, list] of Object.entries(flagged)) {
    for (const word of list) entry(word).flags |= flags[name as keyof typeof flags]
  }
  for (const [index, category] of categories.entries()) {
    for (const word of categoryWords[category]) entry(word).categories.push(index)
  }
  return entries
}
