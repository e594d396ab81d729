// SPDX-License-Identifier: Apache-2.0
// What of OpenAPI 3.1 and JSON Schema docs/openapi.yaml uses.
declare module "*.yaml" {
  const document: import("./description").Document;
  export default document;
}
