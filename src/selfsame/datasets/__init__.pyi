from .pictures import Pictures as Pictures
from .readers import read_pictures as read_pictures
