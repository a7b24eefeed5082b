"""From a block code to its picture, whole or in part, at any scale."""
