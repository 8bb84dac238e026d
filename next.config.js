// Content-Security-Policy and friends live in app/serve.ts, where every answer passes.
/** @type {import('next').NextConfig} */
export default {
  reactStrictMode: true,
  poweredByHeader: false,
  distDir: process.env.XRAY_NEXT_DIST ?? '.next',
  serverExternalPackages: ['chdb', 'prom-client', '@opentelemetry/api', '@opentelemetry/sdk-trace-node'],
  typescript: { ignoreBuildErrors: true }, // `npm run verify` checks types; the build need not do it again
  devIndicators: false,
};
