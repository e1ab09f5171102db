Install-IoTEdge -DeviceConnectionString "HostName=contoso.azure-devices.net;DeviceId=edge-01;SharedAccessKey=Z29sZGVuLWNhc2Uta2V5LW9mLTMyLWJ5dGVzLWhlcmU="
