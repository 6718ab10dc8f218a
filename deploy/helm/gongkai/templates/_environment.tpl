{{/* The settings of one service (docs/settings.md): what it uses and no more.
     Call with (dict "root" $ "name" NAME "facts" FACTS "service" VALUES). */}}
{{- define "gongkai.environment" -}}
{{- $ports := include "gongkai.ports" . | fromYaml -}}
{{- $settings := .root.Values.settings -}}
{{- $host := include "gongkai.listenHost" $settings -}}
{{- if eq $settings.listen "podIP" -}}
- name: POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
{{ end -}}
- name: GONGKAI_HTTP_LISTEN
  value: "{{ $host }}:{{ $ports.operator }}"
- name: GONGKAI_KEYS
  value: /run/secrets/gongkai/keys
- name: GONGKAI_LOG_LEVEL
  value: {{ $settings.logLevel }}
- name: GONGKAI_DRAIN_SECONDS
  value: {{ $settings.drainSeconds | quote }}
- name: GONGKAI_GRPC_CONNECTION_AGE
  value: {{ $settings.connectionAgeSeconds | quote }}
- name: GONGKAI_CONTENT_LIMIT
  value: {{ $settings.contentLimitBytes | int64 | quote }}
{{- range $peer, $facts := include "gongkai.facts" . | fromYaml }}
{{- if and $facts.storing (ne $peer $.name) }}
- name: GONGKAI_PEER_{{ upper $peer }}
  value: dns:///{{ include "gongkai.fullname" $.root }}-{{ $peer }}:{{ $ports.grpc }}
{{- end }}
{{- end }}
{{- if .facts.storing }}
- name: GONGKAI_GRPC_LISTEN
  value: "{{ $host }}:{{ $ports.grpc }}"
- name: GONGKAI_MIGRATE
  value: "0"
- name: GONGKAI_DATABASE_POOL
  value: {{ $settings.databasePool | quote }}
{{ include "gongkai.fromSecret" (list "DATABASE_URL" .service.database.secret .service.database.key) }}
- name: NATS_URL
  value: {{ .root.Values.nats.url | quote }}
- name: NATS_CREDENTIALS
  value: /run/secrets/gongkai/nats.creds
{{- end }}
{{- if .facts.opensearch }}
{{ include "gongkai.fromSecret" (list "OPENSEARCH_URL" .root.Values.opensearch.secret .root.Values.opensearch.key) }}
{{- end }}
{{- if .facts.content }}
{{ include "gongkai.contentEnvironment" .root.Values.content }}
{{- end }}
{{- if .facts.public }}
- name: GONGKAI_PUBLIC_URL
  value: {{ .root.Values.portal.publicUrl | quote }}
{{- end }}
{{- if .facts.pages }}
- name: GONGKAI_PORTAL_LISTEN
  value: "{{ $host }}:{{ $ports.http }}"
{{- with .root.Values.portal.trustedProxies }}
- name: GONGKAI_TRUSTED_PROXIES
  value: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- if .facts.channels }}
{{- include "gongkai.channelEnvironment" .root.Values.notify }}
{{- end }}
{{- end }}

{{- define "gongkai.listenHost" -}}
{{- if eq .listen "podIP" -}}$(POD_IP){{- else if contains ":" .listen -}}[{{ .listen }}]{{- else -}}{{ .listen }}{{- end -}}
{{- end }}

{{- define "gongkai.contentEnvironment" -}}
- name: CONTENT_URL
  value: {{ .url | quote }}
{{- with .region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .endpoint }}
- name: AWS_ENDPOINT
  value: {{ . | quote }}
{{- if hasPrefix "http://" . }}
- name: AWS_ALLOW_HTTP
  value: "true"
{{- end }}
{{- end }}
{{- with .secret }}
{{ include "gongkai.fromSecret" (list "AWS_ACCESS_KEY_ID" . "access-key-id") }}
{{ include "gongkai.fromSecret" (list "AWS_SECRET_ACCESS_KEY" . "secret-access-key") }}
{{- end }}
{{- end }}

{{- define "gongkai.channelEnvironment" -}}
{{- with .email }}{{- if .enabled }}
{{ include "gongkai.fromSecret" (list "GONGKAI_SMTP_URL" .secret "smtp-url") }}
- name: GONGKAI_SMTP_FROM
  value: {{ .from | quote }}
{{- end }}{{- end }}
{{- with .sms }}{{- if .enabled }}
- name: GONGKAI_SMS_ENDPOINT
  value: {{ .endpoint | quote }}
{{ include "gongkai.fromSecret" (list "GONGKAI_SMS_KEY_ID" .secret "key-id") }}
{{ include "gongkai.fromSecret" (list "GONGKAI_SMS_KEY_SECRET" .secret "key-secret") }}
- name: GONGKAI_SMS_SIGN
  value: {{ .sign | quote }}
{{- end }}{{- end }}
{{- with .wechat }}{{- if .enabled }}
- name: GONGKAI_WECHAT_ENDPOINT
  value: {{ .endpoint | quote }}
- name: GONGKAI_WECHAT_APP_ID
  value: {{ .appId | quote }}
{{ include "gongkai.fromSecret" (list "GONGKAI_WECHAT_SECRET" .secret "secret") }}
{{ include "gongkai.fromSecret" (list "GONGKAI_WECHAT_TOKEN" .secret "token") }}
{{- end }}{{- end }}
{{- end }}

{{/* The service's own secrets and everybody's public keys, as gongkai/security/keys.py lays them out. */}}
{{- define "gongkai.identityVolume" -}}
- name: identity
  projected:
    defaultMode: 0440
    sources:
      - configMap:
          name: {{ .root.Values.publicKeys.configMap }}
          items:
            - { key: operator.pub, path: keys/operator.pub }
{{- range $peer, $_ := include "gongkai.facts" . | fromYaml }}
            - { key: {{ $peer }}.pub, path: keys/services/{{ $peer }}.pub }
{{- end }}
      # The keys before a rotation, while tokens signed with them may be under way.
      - configMap:
          name: {{ .root.Values.publicKeys.configMap }}
          optional: true
          items:
            - { key: operator.previous.pub, path: keys/operator.previous.pub }
{{- range $peer, $_ := include "gongkai.facts" . | fromYaml }}
            - { key: {{ $peer }}.previous.pub, path: keys/services/{{ $peer }}.previous.pub }
{{- end }}
      - secret:
          name: {{ .service.secret }}
          items:
            - { key: service.key, path: keys/services/{{ .name }}.key }
{{- if .facts.master }}
            - { key: master.key, path: keys/master.key }
{{- end }}
{{- if .facts.storing }}
            - { key: nats.creds, path: nats.creds }
{{- end }}
{{- end }}
