# Ethanol in every format, written by hand.
package Ethanol;
use strict;
use warnings;

our $MOL = <<'X';
ethanol
  hand

  3  2  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 C   0  0
    1.2990    0.7500    0.0000 C   0  0
    2.5981    0.0000    0.0000 O   0  0
  1  2  1  0
  2  3  1  0
M  END
X
our %FORMAT = (
	'ethanol-smi.smi'  => "CCO ethanol\n",
	'ethanol-mol.mol'  => $MOL,
	'ethanol-sdf.sdf'  => "$MOL\$\$\$\$\n",
	'ethanol-inchi.inchi' => "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3\n",
	'ethanol-mol2.mol2' => <<'X',
@<TRIPOS>MOLECULE
ethanol
 9 8 0 0 0
SMALL
NO_CHARGES

@<TRIPOS>ATOM
      1 C1         -0.8883    0.1670   -0.0273 C.3     1  ETH     0.0000
      2 C2          0.4658   -0.5116   -0.0368 C.3     1  ETH     0.0000
      3 O1          1.4311    0.3229    0.5867 O.3     1  ETH     0.0000
      4 H1         -0.8487    1.1175   -0.5695 H       1  ETH     0.0000
      5 H2         -1.6471   -0.4704   -0.4896 H       1  ETH     0.0000
      6 H3         -1.1964    0.3978    0.9977 H       1  ETH     0.0000
      7 H4          0.7920   -0.7224   -1.0597 H       1  ETH     0.0000
      8 H5          0.4246   -1.4559    0.5138 H       1  ETH     0.0000
      9 H6          1.4671    1.1550    0.0848 H       1  ETH     0.0000
@<TRIPOS>BOND
     1     1     2    1
     2     2     3    1
     3     1     4    1
     4     1     5    1
     5     1     6    1
     6     2     7    1
     7     2     8    1
     8     3     9    1
X
	'ethanol-cdxml.cdxml' => <<'X',
<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE CDXML SYSTEM "http://www.cambridgesoft.com/xml/cdxml.dtd" >
<CDXML BondLength="14.40"><page id="1"><fragment id="2">
<n id="3" p="10 10"/><n id="4" p="22.47 17.2"/><n id="5" p="34.94 10" Element="8" NumHydrogens="1"/>
<b id="6" B="3" E="4"/><b id="7" B="4" E="5"/>
</fragment></page></CDXML>
X
);
1;
