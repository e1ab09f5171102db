import type { AST } from 'toml-eslint-parser';

/** The line (from 1) where a key of a TOML document stands, or of the nearest table around it that is written down. */
export function locateKey(document: AST.TOMLProgram, path: readonly string[]): number | undefined {
  let best: { depth: number; line: number } | undefined;
  const visit = (node: AST.TOMLNode, at: readonly string[]): void => {
    const depth = commonDepth(at, path);
    if (depth === at.length && depth > (best?.depth ?? 0)) best = { depth, line: node.loc.start.line };
    switch (node.type) {
      case 'Program':
        for (const table of node.body) visit(table, []);
        break;
      case 'TOMLTopLevelTable':
        for (const entry of node.body) visit(entry, at);
        break;
      case 'TOMLTable': {
        const own = node.resolvedKey.map(String);
        const ownDepth = commonDepth(own, path);
        if (ownDepth === own.length && ownDepth > (best?.depth ?? 0))
          best = { depth: ownDepth, line: node.loc.start.line };
        for (const entry of node.body) visit(entry, own);
        break;
      }
      case 'TOMLKeyValue': {
        const own = [...at, ...node.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value))];
        const ownDepth = commonDepth(own, path);
        if (ownDepth === own.length && ownDepth > (best?.depth ?? 0))
          best = { depth: ownDepth, line: node.loc.start.line };
        visit(node.value, own);
        break;
      }
      case 'TOMLInlineTable':
        for (const entry of node.body) visit(entry, at);
        break;
      case 'TOMLArray':
        for (const [index, element] of node.elements.entries()) visit(element, [...at, String(index)]);
        break;
      default:
        break;
    }
  };
  visit(document, []);
  return best?.line;
}

function commonDepth(a: readonly string[], b: readonly string[]): number {
  const different = a.findIndex((key, index) => key !== b[index]);
  return different === -1 ? a.length : different;
}
