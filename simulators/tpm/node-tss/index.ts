export { algorithms, capabilities, esysTr, sessionTypes, startupTypes } from './constants.ts';
export { TssError, TssUsageError } from './errors.ts';
export { type Esys, type ObjectPublic, openEsys } from './esys.ts';
export type { EsysSessions, EsysTr } from './esys-arguments.ts';
export { loadLibraries } from './library.ts';
export { TssLibraryError } from './library-error.ts';
export { type HostStructure, marshal, type StructureType, structureTypes, unmarshal } from './mu.ts';
export { type DecodedResponseCode, decodeResponseCode, describeResponseCode } from './rc.ts';
export { openTcti, type Tcti } from './tctildr.ts';
