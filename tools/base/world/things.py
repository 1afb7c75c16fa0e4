"""The things of the base's world: names in the emoji tables, and the words of the captions."""

from collections.abc import Iterable

# emoji name = word of the captions (left out where both are the same), separated by "|".
EMOJI = {
    "animals": """
dog face=dog|cat face=cat|mouse face=mouse|hamster face=hamster|rabbit face=rabbit|fox face=fox|
bear face=bear|panda face=panda|koala|tiger face=tiger|lion face=lion|cow face=cow|pig face=pig|
frog face=frog|monkey face=monkey|chicken|penguin|bird|baby chick=chick|owl|wolf face=wolf|boar|
horse face=horse|unicorn face=unicorn|honeybee=bee|bug=caterpillar|butterfly|snail|
lady beetle=ladybug|turtle|snake|octopus|crab|tropical fish|fish|blowfish|dolphin|whale|shark|
crocodile|elephant|giraffe face=giraffe|dragon face=dragon|t-rex=dinosaur|sauropod|hedgehog|raccoon|
sheep|goat|duck|swan|flamingo|parrot|peacock|bat|squid|lobster|shrimp|spider
    """,
    "plants": """
evergreen tree=pine tree|deciduous tree=tree|palm tree|cactus|tulip|cherry blossom|rose|sunflower|
mushroom|maple leaf|four leaf clover=clover|potted plant|bouquet
    """,
    "food": """
red apple=apple|green apple|pear|tangerine=orange|lemon|banana|watermelon|grapes|strawberry|melon|
cherries|peach|pineapple|coconut|kiwifruit=kiwi|tomato|avocado|aubergine=eggplant|carrot|
ear of maize=corn|hot pepper=pepper|broccoli|bread|croissant|cheese wedge=cheese|hamburger|
slice of pizza=pizza|hot dog|taco|french fries|sushi|doughnut|cookie|birthday cake=cake|shortcake|
cupcake|lollipop|candy|ice cream|soft ice cream|hot beverage=coffee|teacup without handle=tea|
beer mug=beer|wine glass|glass of milk=milk|popcorn|honey pot
    """,
    "vehicles": """
automobile=car|taxi|bus|police car|ambulance|fire engine|delivery truck=truck|tractor|racing car|
motorcycle|bicycle|scooter|steam locomotive=steam train|tram|airplane|small airplane|rocket|
helicopter|flying saucer=ufo|sailboat|ship|speedboat|canoe
    """,
    "buildings and land": """
house building=house|house with garden|office building=office|hospital|school|church|
european castle=castle|tent|statue of liberty=statue|ferris wheel|fountain|volcano|mountain
    """,
    "play": """
soccer ball|basketball|american football|baseball|tennis racquet and ball=tennis ball|volleyball|
billiards=billiard ball|game die=dice|jigsaw puzzle piece=puzzle|teddy bear|guitar|trumpet|violin|
drum with drumsticks=drum|musical keyboard=piano|video game=gamepad|artist palette=palette|trophy|
balloon|wrapped present=gift|christmas tree|jack-o-lantern=pumpkin|snowman without snow=snowman
    """,
    "objects": """
robot face=robot|ghost|alien monster|extraterrestrial alien=alien|skull|crown|top hat|
graduation cap|eyeglasses=glasses|dark sunglasses=sunglasses|necktie=tie|t-shirt|jeans|dress|
high-heeled shoe=shoe|athletic shoe=sneaker|hiking boot=boot|handbag|school satchel=backpack|
closed umbrella=umbrella|umbrella with rain drops=open umbrella|gem stone=diamond|ring|alarm clock|
hourglass|electric light bulb=light bulb|candle|key|closed lock with key=lock|hammer|wrench|axe|
camera|television|mobile phone=phone|desktop computer=computer|closed book=book|pencil|paintbrush|
telescope|microscope|magnet|bell|chair|bed|toilet|bathtub|couch and lamp=sofa|door|basket|broom|
shopping trolley=cart|anchor|bomb|money bag|crystal ball|red heart=heart|heavy black heart=heart|
star|white medium star=star|crescent moon=moon|sun with face=sun|cloud|snowflake|fire|
droplet=water drop|rainbow
    """,
}

# What a base learns: the first 73, whose drawings are plain enough for 64 pixels.
FIRST = """
dog|cat|mouse|rabbit|fox|bear|panda|koala|tiger|lion|cow|pig|frog|monkey|chicken|penguin|owl|unicorn|bee|
butterfly|ladybug|turtle|octopus|crab|tropical fish|whale|elephant|dinosaur|tree|cactus|tulip|sunflower|
mushroom|apple|orange|banana|watermelon|strawberry|pineapple|carrot|hamburger|pizza|doughnut|cake|ice cream|
coffee|car|bus|train|airplane|rocket|ufo|sailboat|house|castle|tent|soccer ball|guitar|balloon|gift|robot|
ghost|alien|crown|top hat|key|diamond|moon|sun|fire|cloud|boot|teddy bear|umbrella
"""

# Made-up identifiers, beside those that people use ('sks').
UNKNOWN_WORDS = "zib kor vex dal mup fen ruk tiv gos wab nim pel qat jol hux bry".split()


def words(text: str) -> list[str]:
    """The entries of a list that is separated by '|' and may go over several lines."""
    return [word.strip() for word in text.replace("\n", "").split("|") if word.strip()]


def emoji() -> dict[str, str]:
    """Emoji name to the word of the captions."""
    pairs = (entry.partition("=") for group in EMOJI.values() for entry in words(group))
    return {name: word or name for name, _, word in pairs}


def chosen(which: str, known: Iterable[str]) -> list[str]:
    """The things among `known` that a world draws: 'first' (FIRST) or 'all', sorted."""
    return sorted(set(known) if which == "all" else set(known) & set(words(FIRST)))
