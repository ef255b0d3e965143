"""A valid call of every public name; `engine` puts wrong values in the place of every argument. One file a module."""
