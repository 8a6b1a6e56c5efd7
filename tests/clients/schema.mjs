// Queries and their answers held against the schema that GitHub publishes of its GraphQL API.
import assert from 'node:assert';
import {readFileSync} from 'node:fs';
import {buildSchema, execute, parse, validate} from 'graphql';

const file = new URL('node_modules/@octokit/graphql-schema/schema.graphql', import.meta.url);
const schema = buildSchema(readFileSync(file, 'utf8'), {assumeValid: true});

// The query is one that GitHub knows, and the data are of the types that it promises: they are run
// through as if they were the source, so each leaf is checked by its own type.
export function conforms(query, variables, data) {
    const document = parse(query);
    const result = execute({
        schema, document, variableValues: variables, rootValue: data,
        fieldResolver: (source, args, context, info) => source[info.path.key],
        typeResolver: (value) => value.__typename,
    });

    assert.deepStrictEqual(validate(schema, document).map(String), []);
    assert.deepStrictEqual(result.errors, undefined);
    assert.deepStrictEqual(JSON.parse(JSON.stringify(result.data)), data);
}
