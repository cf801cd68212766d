"""One loaded plugin: what it has declared, what it has entered, what it may ask for, and the guard around its calls."""
