"""Pictures as unordered sets of affine maps."""
