// An oxlint plugin with one rule. A room is a folder of src/; the rule's options list what its files may import.
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));
/** A string that names a module of ours, as a worker's URL does: it is an import, too. */
const MODULE_STRING = /^\.{1,2}\/[\w./-]+\.[jt]s$/;

const mayImport = {
  meta: {
    type: "problem",
    schema: [
      {
        type: "object",
        properties: {
          /** Folders of src/, and its root files by name. A room may always import itself. */
          rooms: { type: "array", items: { type: "string" } },
          /** Packages, and Node's modules with their `node:`. */
          packages: { type: "array", items: { type: "string" } },
          /** Modules of these rooms that are closed all the same, as in `model/resolve`. */
          except: { type: "array", items: { type: "string" } },
        },
        additionalProperties: false,
      },
    ],
  },
  create(context) {
    const { rooms = [], packages = [], except = [] } = context.options[0] ?? {};
    const file = relative(SRC, context.filename).replaceAll("\\", "/");
    const own = roomOf(file);
    const check = (node, specifier) => {
      if (!specifier.startsWith(".")) return checkPackage(node, packageOf(specifier));
      const path = join(dirname(file), specifier).replaceAll("\\", "/");
      const room = roomOf(path);
      const isOpen = room === own || (rooms.includes(room) && !except.includes(path.replace(/\.[jt]s$/, "")));
      if (!isOpen) refuse(node, path, rooms);
    };
    const checkPackage = (node, name) => {
      if (!packages.includes(name)) refuse(node, `the package ${name}`, packages);
    };
    const refuse = (node, what, allowed) => {
      const list = allowed.length === 0 ? "nothing" : allowed.join(", ");
      context.report({ node, message: `${own} must not import ${what}; it may import ${list} (.oxlintrc.json)` });
    };
    const checkSource = (node) => {
      if (typeof node.source?.value === "string") check(node, node.source.value);
    };
    return {
      ImportDeclaration: checkSource,
      ExportNamedDeclaration: checkSource,
      ExportAllDeclaration: checkSource,
      ImportExpression(node) {
        if (node.source.type === "Literal") check(node, String(node.source.value));
        else if (node.source.type !== "TemplateLiteral" || node.source.expressions.length > 0) {
          context.report({
            node,
            message: "write the module of an import() as a plain string: the walls cannot read another",
          });
        } else check(node, node.source.quasis[0].value.cooked);
      },
      TSImportType(node) {
        const literal = node.source ?? node.argument?.literal ?? node.argument;
        if (typeof literal?.value === "string") check(node, literal.value);
      },
      TSImportEqualsDeclaration(node) {
        const { expression } = node.moduleReference;
        if (typeof expression?.value === "string") check(node, expression.value);
      },
      Literal(node) {
        if (typeof node.value !== "string" || !MODULE_STRING.test(node.value)) return;
        const { type } = node.parent;
        if (/^(Import|Export|TSImport|TSLiteral|TSExternal)/.test(type)) return;
        check(node, node.value);
      },
      TemplateElement(node) {
        if (MODULE_STRING.test(node.value.cooked ?? "")) check(node, node.value.cooked);
      },
      CallExpression(node) {
        const {
          callee,
          arguments: [first],
        } = node;
        const isRequire =
          callee.type === "Identifier" ? callee.name === "require" : callee.property?.name === "require";
        if (isRequire && typeof first?.value === "string" && !MODULE_STRING.test(first.value)) check(node, first.value);
      },
    };
  },
};

/** `decode` of `decode/dense/scan.ts`; a root file is a room of its own, without its ending: `errors`. */
function roomOf(path) {
  const [first, ...rest] = path.split("/");
  return rest.length > 0 ? first : first.replace(/\.[jt]s$/, "");
}

function packageOf(specifier) {
  const [first, second] = specifier.split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
}

// oxlint-disable-next-line import/no-default-export -- the linter asks for a default export
export default { meta: { name: "walls" }, rules: { "may-import": mayImport } };
