"""How the packages are installed and checked."""
