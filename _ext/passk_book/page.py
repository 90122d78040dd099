"""Mends of the theme: nothing from other hosts, and pages that everybody can use."""

def drop_thebe(app, config):
    """sphinx_thebe puts the address of another host and a script that fails into every page; nothing here uses it."""
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if one.handler.__module__ != "sphinx_thebe"]


def setup(app):
    app.connect("config-inited", drop_thebe)
