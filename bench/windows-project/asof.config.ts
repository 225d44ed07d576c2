import { defineConfig } from 'asof';

export default defineConfig({ project: 'bench', definitions: 'features.ts' });
