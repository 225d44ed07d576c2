import { defineConfig } from 'asof';

export default defineConfig({
  project: 'shop',
  definitions: 'features.ts',
});
