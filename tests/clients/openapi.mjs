// Answers held against the description that GitHub publishes of its REST API.
import assert from 'node:assert';
import {readFileSync} from 'node:fs';
import Ajv from 'ajv';
import formats from 'ajv-formats';

const file = new URL('node_modules/.openapi/api.github.com.json', import.meta.url);
const api = JSON.parse(readFileSync(file, 'utf8'));
const ajv = new Ajv({strict: false, allErrors: true});
const compiled = new Map();

// `nullable` without a type says nothing in JSON Schema; what it means is the schema, or null.
function spellNull(part) {
    if (part === null || typeof part !== 'object')
        return;
    Object.values(part).forEach(spellNull);
    if (part.nullable === true && part.enum && !part.enum.includes(null))
        part.enum.push(null);
    if (part.nullable === true && !part.type && (part.anyOf || part.oneOf || part.allOf)) {
        const {nullable, ...rest} = part;
        Object.keys(rest).forEach((name) => delete part[name]);
        Object.assign(part, {anyOf: [rest, {type: 'null'}]});
        delete part.nullable;
    } else if (part.nullable === true && !part.type) {
        delete part.nullable;
    }
}

spellNull(api.components.schemas);
formats(ajv);
for (const name of ['repo.nwo', 'ssh-key', 'timezone'])
    ajv.addFormat(name, true);
ajv.addSchema(api, 'api');

function resolve(part) {
    while (part?.$ref)
        part = part.$ref.slice(2).split('/').reduce((at, name) => at[name], api);
    return part;
}

function pointer(...names) {
    return '/' + names.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
}

// The description's name of a path: the one with the most letters of its own. What a Link header or
// a move leads to is, by its number, the same as by its name.
const templates = Object.keys(api.paths).filter((path) => api.paths[path].get)
    .map((path) => ({path, fits: new RegExp(`^${path.replace(/\{[^}]*\}/g, '[^/]+')}$`)}))
    .sort((a, b) => b.path.replace(/\{[^}]*\}/g, '').length - a.path.replace(/\{[^}]*\}/g, '').length);

export function templateOf(url) {
    const path = new URL(url).pathname.replace(/^\/repositories\/\d+/, '/repos/a/b')
        .replace(/^\/organizations\/\d+/, '/orgs/a').replace(/^\/user\/\d+/, '/users/a');

    return templates.find(({fits}) => fits.test(path))?.path;
}

// The validator of what `template` answers with this status; undefined: it may have no body.
function validator(template, status) {
    const key = `${status} ${template}`;

    if (!compiled.has(key)) {
        const described = api.paths[template]?.get?.responses[status];
        assert.ok(described, `${template} does not answer ${status}`);
        const content = resolve(described).content?.['application/json'];
        const at = described.$ref ? described.$ref.slice(1)
            : pointer('paths', template, 'get', 'responses', String(status));
        compiled.set(key, content && ajv.compile({
            $ref: encodeURI(`api#${at}${pointer('content', 'application/json', 'schema')}`)}));
    }
    return compiled.get(key);
}

// Names that the description does not have would be mistakes of ours.
function strangers(schema, value) {
    schema = resolve(schema);
    if (Array.isArray(value))
        return value.flatMap((one) => strangers(schema.items, one));
    if (!schema?.properties || value === null || typeof value !== 'object')
        return [];
    return Object.keys(value).flatMap((name) => name in schema.properties
        ? strangers(schema.properties[name], value[name]) : [name]);
}

export function conforms(template, status, body) {
    const valid = validator(template, status);

    if (!valid)
        return assert.ok(body === undefined || body === '', `${template}: a body with ${status}`);
    assert.ok(valid(body), `${template} ${status}: ${ajv.errorsText(valid.errors)}`);
    const schema = resolve(api.paths[template].get.responses[status]).content['application/json'].schema;
    assert.deepStrictEqual([...new Set(strangers(schema, body))], [], `${template} ${status}`);
}
