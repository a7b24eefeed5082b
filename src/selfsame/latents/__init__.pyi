from .collages import CollageSpace as CollageSpace
from .inspection import Inspection as Inspection
from .inspection import inspect_space as inspect_space
from .space import Field as Field
from .space import Latents as Latents
from .space import LatentSpace as LatentSpace
