"""The page that a server shows: drop an image, see what its models say. One file that loads nothing from elsewhere."""

from __future__ import annotations

from markupsafe import Markup

from pixelproof.report.rendering import digest, hashed, joined, templates


def serve_page() -> tuple[str, str]:
    """Return the page as HTML, and the content policy it is sent with.

    The policy lets this one script and this one style in, and lets the script ask the server alone.
    """
    script = hashed("tools.js", "serve.js")
    style = joined("tools.css", "serve.css")
    policy = {
        "default-src": "'none'",
        "connect-src": "'self'",
        "img-src": "data:",
        "script-src": f"'sha256-{script['script_hash']}'",
        "style-src": f"'sha256-{digest(style)}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    page = templates().get_template("serve.html.j2").render(style=Markup(style), **script)
    return page, "; ".join(f"{name} {value}" for name, value in policy.items())
