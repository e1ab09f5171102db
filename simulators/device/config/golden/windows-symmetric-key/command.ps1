Initialize-IoTEdge -DpsSymmetricKey -ScopeId 0ne00D95819 -RegistrationId edge-01 -SymmetricKey "Z29sZGVuLWNhc2Uta2V5LW9mLTMyLWJ5dGVzLWhlcmU=" -DynamicReprovisioning
