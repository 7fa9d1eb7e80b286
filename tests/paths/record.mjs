// Records what the npm packages make of the patterns in the JSON files beside this one:
//
//     npm install --prefix DIR minimatch@3.1.5 path-to-regexp@3.3.0
//     node tests/paths/record.mjs DIR
//
// The patterns and subjects of each file stay; what they give is written anew.
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join, resolve} from 'node:path';

const require = createRequire(join(resolve(process.argv[2]), 'package.json'));
const here = import.meta.dirname;
const version = (name) => JSON.parse(readFileSync(join(resolve(process.argv[2]), 'node_modules', name, 'package.json'))).version;

function again(name, packages, made) {
    const file = join(here, `${name}.json`);
    const {subjects, patterns} = JSON.parse(readFileSync(file));
    const rows = patterns.map(({pattern, flags}) => `  ${JSON.stringify({pattern, flags, ...made(pattern, subjects, flags)})}`);
    const by = Object.fromEntries([['node', process.version], ...packages.map((one) => [one, version(one)])]);
    writeFileSync(file, `{"made_with": ${JSON.stringify(by)},\n "subjects": ${JSON.stringify(subjects)},\n "patterns": [\n${rows.join(',\n')}\n ]}\n`);
}

function orError(made) {
    try {
        return made();
    } catch (error) {
        return {error: error.message};
    }
}

again('ecmascript', [], (pattern, texts, flags) =>
    orError(() => {
        const regex = new RegExp(pattern, `${flags}d`);
        const spans = texts.flatMap((text, index) => {
            const found = regex.exec(text);
            return found ? [[index, ...found.indices.map((span) => span ?? [-1, -1])]] : [];
        });
        return {spans};
    }),
);

const minimatch = require('minimatch');
again('globs', ['minimatch'], (pattern, names) => orError(() => ({matched: names.filter((name) => minimatch(name, pattern))})));

const pathToRegexp = require('path-to-regexp');
again('patterns3', ['path-to-regexp'], (pattern, urls) =>
    orError(() => {
        const keys = [];
        const regex = pathToRegexp(pattern, keys);
        const matched = urls.flatMap((url) => {
            const found = regex.exec(url);
            return found ? [[url, found.slice(1).map((group) => group ?? null)]] : [];
        });
        return {names: keys.map(({name}) => String(name)), matched};
    }),
);
again('fills', ['path-to-regexp'], (pattern, subjects) =>
    orError(() => {
        const fill = pathToRegexp.compile(pattern);
        return {filled: subjects.map((values) => orError(() => ({text: fill(values)})))};
    }),
);
