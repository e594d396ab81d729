// SPDX-License-Identifier: Apache-2.0
// docs/openapi.yaml as the page sees it: references followed, operations in the order of their tags.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  default?: unknown;
  example?: unknown;
  readOnly?: boolean;
}

export interface Parameter {
  $ref?: string;
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  description?: string;
  schema?: Schema;
  example?: unknown;
}

export interface Content {
  [media: string]: { schema?: Schema };
}

export interface Response {
  $ref?: string;
  description: string;
  content?: Content;
}

export interface Operation {
  tags: string[];
  operationId: string;
  summary: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, Response>;
  "x-roles": string[];
}

type PathItem = Record<string, Operation & Parameter[]>;

export interface Document {
  info: { title: string; version: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, PathItem>;
  components: Record<string, Record<string, unknown>>;
}

export interface Entry {
  method: string;
  path: string;
  operation: Operation;
  parameters: Parameter[];
}

const METHODS = ["get", "post", "put", "patch", "delete"];

/** What a reference names, or the thing itself. */
export function follow<T extends { $ref?: string }>(document: Document, thing: T): T {
  let at: T = thing;
  while (at.$ref !== undefined) {
    const [, , kind, name] = at.$ref.split("/");
    at = document.components[kind!]![name!] as T;
  }
  return at;
}

/** "Campaign" of "#/components/schemas/Campaign". */
export function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

/** All operations of a tag, in the order of the document. */
export function entriesOf(document: Document, tag: string): Entry[] {
  const entries: Entry[] = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation !== undefined && operation.tags.includes(tag)) {
        const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
        entries.push({ method: method.toUpperCase(), path, operation, parameters: parameters.map((p) => follow(document, p)) });
      }
    }
  }
  return entries;
}

/** A schema in a few words: "integer, 1 to 1000". */
export function words(schema: Schema): string {
  if (schema.$ref !== undefined) {
    return nameOf(schema.$ref);
  }
  if (schema.const !== undefined) {
    return JSON.stringify(schema.const);
  }
  if (schema.enum !== undefined) {
    return schema.enum.map((value) => (value === null ? "null" : String(value))).join(" | ");
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) {
    return choices.map(words).join(" | ");
  }
  if (schema.items !== undefined && schema.type !== undefined && schema.type.includes("array")) {
    return `array of ${words(schema.items)}`;
  }
  const types = schema.type === undefined ? ["object"] : Array.isArray(schema.type) ? schema.type : [schema.type];
  const limits: string[] = [];
  if (schema.format !== undefined) limits.push(schema.format);
  if (schema.minimum !== undefined && schema.maximum !== undefined) limits.push(`${schema.minimum} to ${schema.maximum}`);
  else if (schema.minimum !== undefined) limits.push(`${schema.minimum} or more`);
  else if (schema.maximum !== undefined) limits.push(`${schema.maximum} at most`);
  if (schema.maxLength !== undefined) limits.push(`${schema.maxLength} characters at most`);
  if (schema.maxItems !== undefined) limits.push(`${schema.maxItems} items at most`);
  if (schema.default !== undefined) limits.push(`${String(schema.default)} if left out`);
  return [types.join(" | "), ...limits].join(", ");
}

/** The members of an object, with those of what it is made of. */
export function membersOf(document: Document, schema: Schema): [string, Schema, boolean][] {
  const at = follow(document, schema);
  const members: [string, Schema, boolean][] = [];
  for (const part of at.allOf ?? []) {
    members.push(...membersOf(document, part));
  }
  for (const [name, member] of Object.entries(at.properties ?? {})) {
    const old = members.findIndex(([known]) => known === name);
    const is_required = at.required?.includes(name) ?? false;
    if (old >= 0) {
      const [, merged, was] = members[old]!;
      members[old] = [name, { ...merged, ...member }, was || is_required];
    } else {
      members.push([name, member, is_required]);
    }
  }
  return members;
}
