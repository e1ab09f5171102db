import { fromHex } from '../../kernel/bytes.ts';

/** Modulus of an RSA-2048 key that no TPM holds; made for this file, its private half was thrown away. */
export const foreignModulus = fromHex(`
  a501ee572073269c9e2fc23a026812097e873c587833a5b22851dd291c05e3a2ec89518fb08c4fc53c73b7335d13819d
  12a8402dc903427ec4dabe36d70e98cc798d3d78e0575abae7c4b6c0692fed83e6ce8ad9d3c34faa30dc628309db568d
  1635b09dc8b898dbefa332273ecdad49a81be7ebc201d03b410cd5e8e3d049679c84136da3e4d1eefdd3ff7a0064a799
  0fd589697f604ac1db1072f72cf12eeb4ef50c5268997e63b3279131dea1d1500275863fc8cedb0a29858043a7fe3746
  6093ec6c2223c928b9dcced898293c2f27b4bcbdc8835ebea8030cc4f90f1a83df663a7b0a52784a9092776f3350bc0b
  a55381e9ae5317d551d0009f222ee269
`);
