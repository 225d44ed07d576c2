import { defineConfig } from 'asof';

export default defineConfig({
  project: 'flights',
  definitions: 'features.ts',
});
