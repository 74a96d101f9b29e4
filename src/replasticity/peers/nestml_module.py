"""Compiles a study's NESTML descriptions into a module for NEST, in the Python of NESTML, where nothing of ours is.

``PYTHON -I nestml_module.py SOURCES MODULE FOLDER``: the folder gets the library. What PyNESTML is to be told of the
descriptions stands in ``options.json`` beside them. NEST as pip installs it has all headers of its own; its
``nest-config`` names paths of the machine that built it, and two libraries of which a module needs nothing.
"""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

#: What is needed beside Python, and what it is called on the way to it.
TOOLS = {"cmake": "cmake", "make": "make", "c++": "a C++ compiler"}

CONFIG = """#!/bin/sh
case "$1" in
    --compiler) command -v c++ ;;
    --includes) echo "-I{stand_ins} -I{headers}" ;;
    --cflags) echo "$({real} --cflags) -D_GLIBCXX_USE_CXX11_ABI={new_abi:d} -include {stand_ins}/without.h" ;;
    --libs) ;;
    *) exec {real} "$@" ;;
esac
"""
#: GSL and Boost: NEST was built with them, and does not bring their headers.
WITHOUT = '#include "{headers}/config.h"\n#undef HAVE_BOOST\n#undef HAVE_GSL\n'
#: All that NEST's headers use of libltdl.
LTDL = "typedef struct lt__handle* lt_dlhandle;\n"


def main(sources: str, module: str, folder: str) -> None:
    """Generate and compile; what is printed ends with the reason if that fails."""
    if missing := [name for tool, name in TOOLS.items() if shutil.which(tool) is None]:
        sys.exit(f"ERROR: to compile NESTML takes {' and '.join(missing)}, which the system has to provide")
    import nest
    from pynestml.frontend.pynestml_frontend import generate_nest_target

    package = Path(nest.__file__).parent
    with tempfile.TemporaryDirectory() as temporary:
        stand_ins, library = Path(temporary) / "bin", Path(temporary) / "library"
        places = {"headers": package / "include/nest", "stand_ins": stand_ins}
        stand_ins.mkdir()
        library.mkdir()
        (stand_ins / "ltdl.h").write_text(LTDL)
        (stand_ins / "without.h").write_text(WITHOUT.format(**places))
        # Whether its functions take strings as newer compilers have them: old ones built it.
        new_abi = re.search(rb"_ZNK?4nest\w*__cxx11", (package / "nestkernel_api.so").read_bytes()) is not None
        config = stand_ins / "nest-config"
        config.write_text(CONFIG.format(real=Path(sys.prefix) / "bin/nest-config", new_abi=new_abi, **places))
        config.chmod(0o755)
        generate_nest_target(
            input_path=[str(path) for path in sorted(Path(sources).glob("*.nestml"))],
            target_path=str(Path(temporary) / "code"),
            install_path=str(library),
            module_name=module,
            codegen_opts=json.loads((Path(sources) / "options.json").read_text()) | {"nest_path": temporary},
        )
        if not (library / f"{module}.so").is_file():
            sys.exit("ERROR: PyNESTML refuses the descriptions")
        shutil.copytree(library, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
