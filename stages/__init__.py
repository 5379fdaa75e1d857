"""The pipeline's stages, one script each, and the rooms that they share."""
