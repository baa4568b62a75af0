export { type DashboardHandle, type DashboardOptions, startDashboard } from "./start.tsx";
