{{- define "kappa.labels" -}}
app.kubernetes.io/name: kappa
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "kappa.selector" -}}
app.kubernetes.io/name: kappa
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "kappa.image" -}}
{{- $digest := index .root.Values.image.digests .image -}}
{{- $name := printf "%s/kappa-%s" (required "image.registry is needed" .root.Values.image.registry) .image -}}
{{- if $digest -}}
{{ $name }}@{{ $digest }}
{{- else -}}
{{ $name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "kappa.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "kappa.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Of the store's address: its own, or that of its scheme. */}}
{{- define "kappa.objectsPort" -}}
{{- $url := urlParse (.Values.objects.endpoint | default "https://s3") -}}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (ternary 80 443 (eq $url.scheme "http")) -}}
{{- end }}

{{- define "kappa.secretEnv" -}}
- name: {{ .variable }}
  valueFrom: { secretKeyRef: { name: {{ .name }}, key: {{ .key }} } }
{{- end }}

{{/* What every process reads. */}}
{{- define "kappa.env" -}}
{{- $secrets := .root.Values.secrets -}}
{{ include "kappa.secretEnv" (dict "variable" "DATABASE_URL" "name" $secrets.database.name "key" $secrets.database.key) }}
{{- if $secrets.objects.name }}
{{ include "kappa.secretEnv" (dict "variable" "AWS_ACCESS_KEY_ID" "name" $secrets.objects.name "key" $secrets.objects.accessKeyId) }}
{{ include "kappa.secretEnv" (dict "variable" "AWS_SECRET_ACCESS_KEY" "name" $secrets.objects.name "key" $secrets.objects.secretAccessKey) }}
{{- end }}
- { name: S3_BUCKET, value: {{ required "objects.bucket is needed" .root.Values.objects.bucket | quote }} }
- { name: S3_REGION, value: {{ .root.Values.objects.region | quote }} }
{{- with .root.Values.objects.endpoint }}
- { name: S3_ENDPOINT, value: {{ . | quote }} }
{{- end }}
{{- range $name, $value := .root.Values.env }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end }}

{{/* The two places that are written: all else is read-only. */}}
{{- define "kappa.mounts" -}}
- { name: kappa, mountPath: /var/lib/kappa }
- { name: tmp, mountPath: /tmp }
{{- end }}

{{- define "kappa.volumes" -}}
- name: kappa
  emptyDir: { sizeLimit: {{ . }} }
- name: tmp
  emptyDir: { sizeLimit: 4Gi }
{{- end }}

{{- define "kappa.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: http }
  periodSeconds: 2
  failureThreshold: 150
livenessProbe:
  httpGet: { path: /livez, port: http }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: { path: /readyz, port: http }
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}

{{- define "kappa.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A pod for one leg, of the launcher or of KEDA. It ends by itself, so nothing probes whether it may take work. */}}
{{- define "kappa.legPod" -}}
metadata:
  labels: {{ include "kappa.labels" (dict "root" .root "component" "leg") | nindent 4 }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ .root.Release.Name }}
  automountServiceAccountToken: false
  # Trainers save a checkpoint and hand the leg back.
  terminationGracePeriodSeconds: 150
  priorityClassName: {{ .leg.priorityClass }}
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets: {{ toYaml . | nindent 4 }}
  {{- end }}
  securityContext: {{ include "kappa.podSecurity" .root | nindent 4 }}
  {{- include "kappa.placement" .leg | nindent 2 }}
  containers:
    - name: leg
      image: {{ include "kappa.image" (dict "root" .root "image" .leg.image) }}
      {{- with .args }}
      args: {{ toJson . }}
      {{- end }}
      env:
        {{- include "kappa.env" . | nindent 8 }}
        - name: KAPPA_WORKER_NODE
          valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
      securityContext: {{ include "kappa.containerSecurity" .root | nindent 8 }}
      resources: {{ toYaml .leg.resources | nindent 8 }}
      volumeMounts: {{ include "kappa.mounts" .root | nindent 8 }}
  volumes: {{ include "kappa.volumes" .leg.volume | nindent 4 }}
{{- end }}
