provision-eflowvm `
  -PROVISIONINGTYPE dpssymmetrickey `
  -scopeid:'0ne00D95819' `
  -registrationId edge-01 `
  -symmKey 'Z29sZGVuLWNhc2Uta2V5LW9mLTMyLWJ5dGVzLWhlcmU=' -headless
