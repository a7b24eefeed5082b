"""Drawing a mosaic: at any size band by band, a window however small, an endless zoom."""
