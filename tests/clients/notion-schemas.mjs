// tests/clients/notion-schemas.mjs - JSON Schemas of Notion's API, made from the types of the official
// client, as validators by the name of the type.
//
//     import { validator } from './notion-schemas.mjs';
//     validator('CreatePageParameters')(body) // null, or what is wrong as text
//
// The types are read each time: what is checked is always what the installed client says.
import {createRequire} from 'node:module';
import path from 'node:path';
import Ajv from 'ajv';
import {createGenerator} from 'ts-json-schema-generator';

const require = createRequire(import.meta.url);
let compiler = null;

function read() {
    const types = path.join(path.dirname(require.resolve('@notionhq/client')), 'api-endpoints.d.ts');
    const generator = createGenerator({
        path: types,
        type: '*',
        expose: 'all',
        skipTypeCheck: true,
        additionalProperties: false,
    });
    const ajv = new Ajv({strict: false, allErrors: false, verbose: false, logger: false});

    ajv.addSchema({$id: 'notion', ...generator.createSchema('*')});
    return ajv;
}

// A union says of each of its sides why it is not that one; the deepest complaint means the most.
function worded(errors) {
    const depth = (error) => error.instancePath.split('/').length;
    const worst = Math.max(...errors.map(depth));
    const texts = errors
        .filter((error) => depth(error) === worst)
        .map((error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`);

    return [...new Set(texts)].slice(0, 5).join('; ');
}

export function validator(type) {
    compiler ??= read();
    const validate = compiler.getSchema(`notion#/definitions/${encodeURIComponent(type)}`);

    if (!validate) throw new Error(`the client has no type ${type}`);
    return (value) => (validate(value) ? null : worded(validate.errors));
}
