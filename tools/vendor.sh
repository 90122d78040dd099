#!/usr/bin/env bash
# Brings in the browser libraries that the book serves itself, so that no page asks another host.
# Run by hand when a version changes:  tools/vendor.sh   (needs npm; writes _vendor/ and tests/book/assets/).
# Each library keeps its licence beside it.
set -euo pipefail
cd "$(dirname "$0")/.."

MATHJAX=3.2.2
REQUIREJS=2.3.8
HTML_MANAGER=1.0.15
AXE=4.14.1
SERIF=5.3.1
SANS=5.3.0
MONO=5.3.0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

unpack() { # unpack NAME VERSION: prints the folder that holds the package
    local archive
    archive=$(cd "$work" && npm pack --silent "$1@$2" | tail -1)
    mkdir -p "$work/$archive.d"
    tar -xzf "$work/$archive" -C "$work/$archive.d"
    echo "$work/$archive.d/package"
}

rm -rf _vendor
mkdir -p _vendor/mathjax _vendor/widgets tests/book/assets

# MathJax: TeX and MathML in, CHTML out, its fonts, the TeX extensions that load on demand, and what its
# accessibility menu loads (speech in English).
from=$(unpack mathjax "$MATHJAX")
cp "$from/LICENSE" _vendor/mathjax/
cp "$from/es5/tex-mml-chtml.js" _vendor/mathjax/
mkdir -p _vendor/mathjax/{output/chtml/fonts,input/tex,sre/mathmaps}
cp -r "$from/es5/output/chtml/fonts/woff-v2" _vendor/mathjax/output/chtml/fonts/
cp -r "$from/es5/input/tex/extensions" _vendor/mathjax/input/tex/
rm _vendor/mathjax/input/tex/extensions/all-packages.js
cp -r "$from/es5/a11y" _vendor/mathjax/
cp "$from"/es5/sre/mathmaps/{base,en,nemeth}.json _vendor/mathjax/sre/mathmaps/

# Widgets without a kernel: the loader, and the manager with the fonts that its stylesheet names.
from=$(unpack requirejs "$REQUIREJS")
cp "$from/require.js" _vendor/widgets/ # its licence is in its first lines
from=$(unpack @jupyter-widgets/html-manager "$HTML_MANAGER")
cp "$from/dist/embed-amd.js" _vendor/widgets/
cp "$from"/dist/*.woff2 _vendor/widgets/
# The package names its licence (BSD-3-Clause) without its text; the text is that of ipywidgets, its repository.
cp .venv/lib/python3*/site-packages/ipywidgets-*.dist-info/licenses/LICENSE _vendor/widgets/LICENSE-html-manager

# The book's typefaces (SIL Open Font License), variable in weight; Greek loads only where it is used.
mkdir -p _vendor/fonts
for family in "source-serif-4 $SERIF" "source-sans-3 $SANS" "source-code-pro $MONO"; do
    read -r name version <<<"$family"
    from=$(unpack "@fontsource-variable/$name" "$version")
    for script in latin greek; do
        for style in normal italic; do
            [ "$name-$style" = source-code-pro-italic ] && continue
            cp "$from/files/$name-$script-wght-$style.woff2" _vendor/fonts/
        done
    done
    cp "$from/LICENSE" "_vendor/fonts/LICENSE-$name"
done

# axe-core checks the accessibility of the built pages; only the tests load it.
from=$(unpack axe-core "$AXE")
cp "$from/axe.min.js" tests/book/assets/
cp "$from/LICENSE" tests/book/assets/LICENSE-axe-core

find _vendor tests/book/assets -type f -exec chmod 644 {} +
du -sh _vendor tests/book/assets
