{{/* What each service needs; facts of the programs, not choices of an installation. The portal alone stores nothing. */}}
{{- define "gongkai.facts" -}}
catalog: { storing: true, master: true }
publishing: { storing: true, master: true, content: true }
requests: { storing: true, master: true, content: true }
search: { storing: true, opensearch: true }
notify: { storing: true, master: true, public: true, channels: true }
oversight: { storing: true }
portal: { public: true, pages: true }
{{- end }}

{{/* The ports, the same in every pod: each has an address of its own. */}}
{{- define "gongkai.ports" -}}
grpc: 50051
operator: 9090
http: 8080
{{- end }}

{{- define "gongkai.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels that pods are selected by; they never change. Call with (dict "root" $ "component" NAME). */}}
{{- define "gongkai.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "gongkai.labels" -}}
{{ include "gongkai.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | trunc 63 | trimAll "-_." | quote }}
app.kubernetes.io/part-of: gongkai
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "gongkai.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Seconds between the request to stop and SIGKILL: endpoints are withdrawn, then three drains, then a margin. */}}
{{- define "gongkai.withdrawSeconds" -}}5{{- end }}
{{- define "gongkai.graceSeconds" -}}
{{- add (include "gongkai.withdrawSeconds" . | int) (mul 3 .Values.settings.drainSeconds) 10 -}}
{{- end }}

{{/* What every pod has in common; satisfies the "restricted" pod security standard. */}}
{{- define "gongkai.podDefaults" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- with .Values.scheduling }}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "gongkai.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* An environment variable from a Secret. Call with (list NAME SECRET KEY). */}}
{{- define "gongkai.fromSecret" -}}
- name: {{ index . 0 }}
  valueFrom: { secretKeyRef: { name: {{ index . 1 }}, key: {{ index . 2 }} } }
{{- end }}
