# nmr-mol: C++ because RDKit is.
MOL_SRC   := $(wildcard spooler/mol/*.cpp)
MOL_OBJ   := $(patsubst %.cpp,$(B)/obj/%.o,$(MOL_SRC))
MOL_BASE  := $(patsubst %,$(B)/obj/spooler/base/%.o,util buf file json ending)
MOL_RDKIT := GraphMol FileParsers SmilesParse SubstructMatch Depictor MolDraw2D DistGeomHelpers ForceFieldHelpers \
             ForceField CIPLabeler RDGeometryLib RDGeneral
MOL_LIBS   = $(patsubst %,-lRDKit%,$(MOL_RDKIT)) -linchi -lmagic -lseccomp -larchive $(shell pkg-config --libs jansson libmd)
# Headers of others are not held to our warnings (and std::regex confuses gcc 12 under ASan).
MOL_WARN  := $(filter-out -Wmissing-prototypes -Wstrict-prototypes,$(WARN)) -Wno-sign-conversion \
             $(if $(SANITIZE),$(if $(findstring clang,$(CXX)),,-Wno-maybe-uninitialized))
MOL_FLAGS  = -std=c++17 $(OPT) $(MOL_WARN) $(DEV) $(SAN) $(DEFS) -Ispooler -isystem /usr/include/rdkit -MMD -MP \
             -DBOOST_ALLOW_DEPRECATED_HEADERS $(CXXFLAGS)

$(B)/obj/spooler/mol/%.o: spooler/mol/%.cpp
	@mkdir -p $(@D)
	$(CXX) $(MOL_FLAGS) -c $< -o $@

$(B)/bin/nmr-mol: $(MOL_OBJ) $(MOL_BASE)
	@mkdir -p $(@D)
	$(CXX) $(SAN) $(LDFLAGS) $^ -o $@ -Wl,--as-needed $(MOL_LIBS)

# Unit tests of mol/: each tests/unit/mol/test_*.cpp is one cmocka program.
MOL_UNIT_SRC := $(wildcard tests/unit/mol/test_*.cpp)
MOL_UNIT_BIN := $(patsubst tests/unit/mol/test_%.cpp,$(B)/tests/mol/test_%,$(MOL_UNIT_SRC))
MOL_PARTS    := $(filter-out %/main.o,$(MOL_OBJ)) $(MOL_BASE)
$(B)/tests/mol/test_%: tests/unit/mol/test_%.cpp tests/unit/mol/cmocka.hpp $(MOL_PARTS)
	@mkdir -p $(@D)
	$(CXX) $(MOL_FLAGS) -MF $@.d -DTEST_DIR='"tests"' $< $(MOL_PARTS) -o $@ -Wl,--as-needed $(MOL_LIBS) -lcmocka
.PHONY: mol-unit-tests
mol-unit-tests: $(MOL_UNIT_BIN)
unit-tests: mol-unit-tests
