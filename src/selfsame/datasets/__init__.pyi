from .drawn.emoji import emoji_set as emoji_set
from .drawn.glyphs import glyph_set as glyph_set
from .pictures import Pictures as Pictures
from .readers import list_pictures as list_pictures
from .readers import read_pictures as read_pictures
