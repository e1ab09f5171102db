{
  # Node-API only, and OpenSSL only by its public, not deprecated functions, which the node executable exports: one
  # binary for every Node from 22 on. The headers of OpenSSL are those that come with Node's own.
  "targets": [
    {
      "target_name": "node_tls_key",
      "sources": ["src/addon.c", "src/decoder.c", "src/errors.c", "src/hosted-key.c", "src/key-manager.c",
                  "src/provider.c", "src/sign-in-javascript.c", "src/signature.c"],
      "defines": ["NAPI_VERSION=8", "OPENSSL_NO_DEPRECATED", "OPENSSL_API_COMPAT=30000"],
      "cflags": ["-std=gnu11", "-Wall", "-Wextra", "-Wshadow", "-Wno-unused-parameter", "-fvisibility=hidden"],
      "conditions": [
        # A worker that ends unloads its addons, while OpenSSL still holds pointers to the functions of this one.
        ["OS=='linux'", { "ldflags": ["-Wl,-z,nodelete"] }]
      ]
    }
  ]
}
