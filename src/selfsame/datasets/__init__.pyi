from .pictures import Pictures as Pictures
from .readers import list_pictures as list_pictures
from .readers import read_pictures as read_pictures
